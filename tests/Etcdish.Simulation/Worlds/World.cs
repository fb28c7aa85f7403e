using Etcdish.Checkers;
using Etcdish.Cluster;
using Etcdish.Cluster.Peers;
using Etcdish.Consensus;
using Etcdish.Log;
using Etcdish.Store;

namespace Etcdish.Simulation;

/// <summary>
/// A whole group from one seed: machines with their nodes, clients, watchers and faults, on one clock. First everything may fail; then
/// nothing does, and within stated bounds all must be well. What was seen is judged at the end.
/// </summary>
internal sealed class World
{
    private readonly List<Operation> _operations = [];
    private readonly List<WatchRecord> _watches = [];
    private readonly List<Client> _clients = [];
    private readonly List<WatchClient> _watchers = [];
    private readonly List<string> _violations = [];
    private readonly Faults _faults;
    private int _lastOperation;
    private int _lastWatch;
    private int? _probesWanted;
    private long _quietAfter = long.MaxValue;

    public World(ulong seed, WorldPlan plan, SabotageKind sabotage, int tracedEvents)
    {
        Trace = new Trace(tracedEvents);
        Seed = seed;
        Plan = plan;
        Sabotage = new Saboteur(sabotage);
        Network = new SimulatedNetwork(this);
        Frames = new FrameRules(this);
        Logs = new LogRules(this);
        Ledger = new Ledger(this);
        for (int number = 1; number <= plan.Members; number++)
        {
            Machines.Add(new Machine(this, number, Options(number)));
        }

        _faults = new Faults(this);
    }

    public ulong Seed { get; }

    public WorldPlan Plan { get; }

    public EventQueue Queue { get; } = new();

    public Trace Trace { get; }

    public Marks Marks { get; } = new();

    public Saboteur Sabotage { get; }

    public SimulatedNetwork Network { get; }

    /// <summary>Watches what members say to each other.</summary>
    public FrameRules Frames { get; }

    /// <summary>Compares what members hold.</summary>
    public LogRules Logs { get; }

    public Ledger Ledger { get; }

    public Knowledge Knowledge { get; } = new();

    public List<Machine> Machines { get; } = [];

    public IReadOnlyList<string> Violations => _violations;

    /// <summary>Operations that were recorded.</summary>
    public int Operations => _operations.Count;

    /// <summary>Clients may begin another operation.</summary>
    public bool MayAsk => _probesWanted is { } wanted ? wanted > 0 : _lastOperation < Plan.Clients.Operations;

    private bool IsBroken => _violations.Count > 0;

    /// <summary>So many members are damaged, and say so, that the others cannot decide: nothing more can be asked of the group.</summary>
    public bool IsHopeless { get; private set; }

    public void Run()
    {
        Begin();
        Queue.RunUntil(Plan.Duration, () => IsBroken || IsHopeless || Queue.Now > _quietAfter);
        if (!IsBroken && !IsHopeless)
        {
            new Healing(this, _clients, _watchers, _faults).Run();
        }

        if (!IsBroken)
        {
            Judge();
        }
    }

    public void Note(TraceKind kind, int who, long a = 0, long b = 0, object? note = null) =>
        Trace.Add(new TraceEvent(Queue.Now, kind, who, a, b, note));

    public void Break(string promise, string how)
    {
        Note(TraceKind.Broken, 0, 0, 0, $"{promise}: {how}");
        _violations.Add($"{promise}: {how}");
    }

    public int NextOperation()
    {
        _probesWanted--;
        if (_lastOperation + 1 == Plan.Clients.Operations)
        {
            _quietAfter = Queue.Now + Plan.QuietTime;
        }

        return ++_lastOperation;
    }

    public int NextWatch() => ++_lastWatch;

    /// <summary>From now on clients begin so many more operations, however many there were.</summary>
    public void WantProbes(int count) => _probesWanted = count;

    public void Record(Operation operation)
    {
        _operations.Add(operation);
        if (operation.Reply is { } reply)
        {
            Knowledge.Learn(operation.Call, reply);
        }

        Marks.Add(operation);
    }

    public void Record(WatchRecord watch) => _watches.Add(watch);

    public void OnProcessEnded(Machine machine)
    {
        foreach (Client client in _clients)
        {
            client.OnMemberGone(machine.Number);
        }

        foreach (WatchClient watcher in _watchers)
        {
            watcher.OnMemberGone(machine.Number);
        }

        Network.OnProcessEnded(machine);
    }

    /// <summary>The others must do without a member.</summary>
    public void OnMemberLost() =>
        IsHopeless = Machines.Count(machine => machine.IsLost && Ledger.Group.IsVoter(machine.MemberId)) * 2 >= Ledger.Group.Voters.Length;

    /// <summary>A machine for a member that the group is about to hear of; one that was announced in vain is taken again.</summary>
    public Machine Announce()
    {
        Machine? idle = Machines.Find(machine => machine.IsAnnouncedOnly && KnownMembers(machine.MemberId) is null);
        if (idle is null)
        {
            idle = new Machine(this, Machines.Count + 1, Options(Machines.Count + 1) with { JoinsExistingGroup = true });
            Machines.Add(idle);
        }

        return idle;
    }

    /// <summary>The members that the group began with: what those know who hear from nobody.</summary>
    public Membership Founders => new(
        Configuration.Of(Enumerable.Range(1, Plan.Members).Select(number => (ulong)number)),
        [.. Enumerable.Range(1, Plan.Members).Select(number => Member(number).ToInfo())]);

    /// <summary>The members as one who joins is told, by another who knows of him; null when nobody does.</summary>
    public Membership? KnownMembers(ulong asker) => Machines
        .Find(machine => machine.MemberId != asker && machine.Process?.Members.InForce.Configuration.IsMember(asker) == true)
        ?.Process?.Members.InForce;

    private void Begin()
    {
        foreach (Machine machine in Machines)
        {
            machine.Start();
        }

        for (int number = 1; number <= Plan.Clients.Clients; number++)
        {
            Client client = new(this, number);
            _clients.Add(client);
            client.ThinkAndAsk();
        }

        for (int number = 1; number <= Plan.Clients.Watchers; number++)
        {
            WatchClient watcher = new(this, number);
            _watchers.Add(watcher);
            watcher.OpenSoon();
        }

        _faults.Begin();
    }

    private void Judge()
    {
        foreach (WatchClient watcher in _watchers)
        {
            watcher.Close(IsHopeless ? 0 : Ledger.LastRevision);
        }

        _watches.Sort((x, y) => x.Id.CompareTo(y.Id));
        foreach (Client client in _clients)
        {
            client.Close();
        }

        double drift = Plan.Machines.ClockDrift;
        History history = new(_operations, _watches, Ledger.Witness()) { ClockDrift = drift };
        foreach (Violation violation in HistoryChecker.Check(history))
        {
            Break(violation.Kind.ToString(), violation.Message);
        }
    }

    private static ClusterMember Member(int number) => new((ulong)number, $"n{number}", [$"http://n{number}:2380"], []);

    private NodeOptions Options(int number) => new()
    {
        DataDirectory = "/data",
        Name = $"n{number}",
        PeerUrls = [$"http://n{number}:2380"],
        MaxLearners = 2,
        MemberId = (ulong)number,
        ClusterId = 77,
        HeartbeatInterval = TimeSpan.FromMilliseconds(Plan.Heartbeat / Span.Millisecond),
        ElectionTimeout = TimeSpan.FromMilliseconds(Plan.ElectionTimeout / Span.Millisecond),
        RequestTimeout = TimeSpan.FromSeconds(2),
        MinLeaseTtl = 1,
        InitialMembers = Plan.Members == 1 ? [] : [.. Enumerable.Range(1, Plan.Members).Select(Member)],
        CheckpointBytes = Plan.CheckpointBytes,
        Log = new LogOptions { SegmentBytes = LogOptions.MinSegmentBytes, PrepareInBackground = false, Salt = Seed + (ulong)number },
        Watch = new WatchOptions { StreamBufferBytes = Plan.Clients.WatchBufferBytes, CatchUpRevisions = 7, MaxResponseBytes = 2000 },
    };
}

using System.Buffers;
using System.Text;
using Etcdish.Cluster.Peers;
using Etcdish.Store;
using Etcdish.Testing;

namespace Etcdish.Cluster.Tests.Group;

/// <summary>A replica on a simulated disk, driven by hand: the part that <see cref="NodeLoop"/> plays in production.</summary>
internal sealed class GroupMember : IReplicaHost, IWriteQueue
{
    private readonly ReplicaGroup _group;
    private List<Proposal> _requests = [];
    private RecoveredState _recovered = null!;
    private LeaseKeeper _leases = null!;
    private ulong _life;
    private SnapshotReceiver _receiver = null!;
    private Checkpointer _checkpointer = null!;

    public GroupMember(ReplicaGroup group, ulong id)
    {
        _group = group;
        Id = id;
        Start();
    }

    public ulong Id { get; }

    public SimulatedDisk Disk { get; private set; } = new();

    public bool IsUp { get; private set; }

    public Replica Replica { get; private set; } = null!;

    public RevisionStore Store => _recovered.Store;

    public MemberTable Members => _recovered.Replay.Members;

    public WatchHub Watches { get; private set; } = null!;

    public NodeMetrics Metrics { get; private set; } = null!;

    public LeaseStatus? LeaseStatus(long id) => _leases.Status(id, withKeys: false);

    public LeaseCalls LeaseCalls { get; private set; } = null!;

    /// <summary>The state that is being received, if any.</summary>
    public Task Receiving { get; private set; } = Task.CompletedTask;

    /// <summary>The checkpoints that there are.</summary>
    public int Checkpoints => _recovered.Checkpoints.AppliedIndexes().Count;

    /// <summary>The leases whose time this member keeps.</summary>
    public IReadOnlyList<long> LeasesByClock => _leases.Leads ? _leases.Ids() : [];

    /// <summary>Starts from what the disk holds.</summary>
    /// <param name="forcesNewGroup">Alone from now on.</param>
    public void Start(bool forcesNewGroup = false)
    {
        _recovered = Recovery.Run(_group.OptionsOf(Id, Disk, forcesNewGroup), CancellationToken.None);
        LogReplay replay = _recovered.Replay;
        if (replay.IsEmpty)
        {
            // As one who joins has asked.
            replay.Members.Introduce(new MembersFrame(ulong.MaxValue, _group[1].Members.InForce), applied: 0);
        }

        Metrics = new NodeMetrics();
        _leases = new LeaseKeeper(Store.Leases, _group.Clock, Metrics);
        Watches = new WatchHub(Store, _recovered.Values, new WatchOptions());
        IPeerNetwork network = _group.Network.Of(Id);
        LeaseCalls = new LeaseCalls(_leases, network) { Queue = this };
        ReplicaParts parts = new(
            _recovered.Log, _recovered.Member, Store, _recovered.Values, replay.Restored, replay.Tail, replay.Members, Watches, _leases,
            LeaseCalls, network, Metrics);
        Replica = new Replica(parts, ReplicaGroup.ReplicaOptionsOf(Id, _life++), this);
        _receiver = new SnapshotReceiver(network, this, Replica, _group.OptionsOf(Id, Disk));
        Receiving = Task.CompletedTask;
        _checkpointer = new Checkpointer(
            _recovered.Log, Store, Replica, this, _recovered.Checkpoints, _group.OptionsOf(Id, Disk), Metrics);
        _checkpointer.Recovered(_recovered.ReplayFrom, _recovered.CheckpointBytes);
        IsUp = true;
    }

    /// <summary>The power goes out: what was not synced may be lost or torn, whoever waits hears nothing.</summary>
    public void Crash(Random random)
    {
        IsUp = false;
        _requests = [];
        Disk = Disk.Restart(random);
        _group.Network.Drop(Id);
    }

    /// <summary>A round with what has arrived and what was asked for.</summary>
    /// <returns>Whether there was anything to do.</returns>
    public bool Run(bool tick = false)
    {
        if (!IsUp)
        {
            return false;
        }

        Assert.That(Receiving.Exception, Is.Null);
        bool any = tick || _requests.Count > 0;
        if (tick)
        {
            Replica.Tick();
        }

        foreach ((ulong from, byte[] frame) in _group.Network.Take(Id).ToList())
        {
            Replica.Receive(from, frame);
            any = true;
        }

        List<Proposal> requests = _requests;
        _requests = [];
        Replica.RunRound(requests);
        foreach (Proposal done in Replica.Completed.ToList())
        {
            done.Complete();
        }

        Replica.Completed.Clear();
        if (tick)
        {
            _leases.Tick(this);
        }

        return any;
    }

    public Task<ApplyResult> Put(string key, string value, long lease = 0)
    {
        ArrayBufferWriter<byte> request = new();
        RequestEncoder.Encode(
            new PutRequest { Key = Encoding.UTF8.GetBytes(key), Value = Encoding.UTF8.GetBytes(value), Lease = lease }, request);
        return Enqueue((byte)EntryKind.Put, request.WrittenMemory).AsTask();
    }

    public Task<ApplyResult> Grant(long id, long seconds)
    {
        ArrayBufferWriter<byte> request = new();
        RequestEncoder.Encode(new LeaseGrantRequest { Id = id, TtlSeconds = seconds }, request);
        return Enqueue((byte)EntryKind.LeaseGrant, request.WrittenMemory).AsTask();
    }

    /// <summary>The leader keeps none of the entries that are applied, as if there had been very many.</summary>
    public Task ForgetEntries() => Enqueue(0, default, () => Replica.OldestNeededSegment(spaceIsShort: true)).AsTask();

    public Task WriteCheckpoint() => _checkpointer.RunAsync();

    public Task<ApplyResult> Compact(long revision)
    {
        ArrayBufferWriter<byte> request = new();
        RequestEncoder.Encode(new CompactionRequest { Revision = revision }, request);
        return Enqueue((byte)EntryKind.Compact, request.WrittenMemory).AsTask();
    }

    /// <summary>Asks this member for another membership.</summary>
    public Task<ApplyResult> Change(MemberOperation operation, ulong member, params string[] urls) =>
        Enqueue(EntryKinds.MemberRequest, new MemberRequest(operation, IsStrict: true, member, [.. urls]).Encode()).AsTask();

    public Task<ApplyResult> Barrier() => Enqueue(Proposal.ReadBarrier, default).AsTask();

    public string? Get(string key)
    {
        if (!Store.TryGet(Encoding.UTF8.GetBytes(key), out KeyRevision? version))
        {
            return null;
        }

        byte[] value = new byte[version.Value.Length];
        _recovered.Values.Read(version.Value, value);
        return Encoding.UTF8.GetString(value);
    }

    public ValueTask<ApplyResult> Enqueue(byte kind, ReadOnlyMemory<byte> payload, Action? work = null)
    {
        Proposal proposal = Proposal.Rent(kind, payload, now: 0, work, completesInline: true);
        _requests.Add(proposal);
        return proposal.Task;
    }

    public void Post(byte kind, ReadOnlyMemory<byte> payload)
    {
        Proposal proposal = Proposal.RentForLeader(kind, payload, now: 0, completesInline: true);
        _requests.Add(proposal);
        _ = proposal.Task.AsTask();
    }

    void IReplicaHost.CommitLog() => _recovered.Log.Commit();

    void IReplicaHost.WakeWatchers() => Watches.Dispatch();

    void IReplicaHost.SnapshotOffered(SnapshotOffer offer) =>
        Receiving = _receiver.ReceiveAsync(offer, CancellationToken.None);
}

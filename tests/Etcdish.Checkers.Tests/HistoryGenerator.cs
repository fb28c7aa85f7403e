namespace Etcdish.Checkers.Tests;

/// <summary>
/// Runs clients and watchers against one <see cref="ReferenceStore"/> in a seeded random interleaving and records what they see: a
/// history that is right by construction, with overlapping operations, unknown outcomes and broken streams.
/// </summary>
internal sealed class HistoryGenerator
{
    private readonly GeneratorOptions _options;
    private readonly Random _random;
    private readonly CallGenerator _calls;
    private readonly ReferenceStore _store = new();
    private readonly List<Operation> _operations = [];
    private readonly Pending?[] _clients;
    private readonly List<Call> _lingering = [];
    private readonly GeneratedWatcher[] _watchers;
    private readonly List<WatchRecord> _watches = [];
    private int _started;
    private long _now;

    private HistoryGenerator(int seed, GeneratorOptions options)
    {
        _options = options;
        _random = new Random(seed);
        _calls = new CallGenerator(_random, options, _store);
        _clients = new Pending?[options.Clients];
        _watchers = [.. Enumerable.Range(0, options.Watchers).Select(slot => new GeneratedWatcher(slot, _random, _store, _watches))];
    }

    public static History Generate(int seed, GeneratorOptions? options = null) =>
        new HistoryGenerator(seed, options ?? new GeneratorOptions()).Run();

    private History Run()
    {
        while (_started < _options.Operations)
            Step();
        for (int client = 0; client < _clients.Length; client++)
        {
            while (_clients[client] is not null)
            {
                Tick();
                StepClient(client);
            }
        }

        foreach (GeneratedWatcher watcher in _watchers)
            watcher.Finish(_now += 1_000_000);
        return new History(_operations, _watches, _store.Events);
    }

    private void Step()
    {
        Tick();
        int actor = _random.Next(_clients.Length + _watchers.Length + 1);
        if (actor < _clients.Length)
            StepClient(actor);
        else if (actor < _clients.Length + _watchers.Length)
            _watchers[actor - _clients.Length].Step(_now);
        else
            StepLingering();
    }

    private void Tick()
    {
        _now += _random.Next(1, 40_000_000);
        foreach (long lease in _store.Expired(_now))
            _store.Apply(new RevokeCall(lease), _now);
    }

    private void StepClient(int client)
    {
        if (_clients[client] is not { } pending)
            _clients[client] = new Pending(_started++, _calls.Next(), _now);
        else if (pending.Fate == Fate.Undecided)
            Decide(pending);
        else
            Return(client, pending);
    }

    private void Decide(Pending pending)
    {
        double draw = _random.NextDouble();
        if (draw < _options.RefusedRate)
        {
            pending.Fate = Fate.Refused;
        }
        else if (draw < _options.RefusedRate + _options.UnknownRate)
        {
            pending.Fate = Fate.Unknown;
            if (_random.Next(2) == 0)
                _store.Apply(pending.Call, _now);
            else if (_random.Next(2) == 0)
                _lingering.Add(pending.Call);
        }
        else
        {
            (pending.Reply, pending.Refusal) = _store.Apply(pending.Call, _now);
            pending.Fate = pending.Reply is null ? Fate.Refused : Fate.Done;
        }
    }

    private void Return(int client, Pending pending)
    {
        _operations.Add(new Operation(pending.Id, client, pending.Call, pending.CalledAt, _now)
        {
            Outcome = pending.Fate switch { Fate.Done => Outcome.Ok, Fate.Refused => Outcome.NotApplied, _ => Outcome.Unknown },
            Reply = pending.Reply,
            Refusal = pending.Refusal,
        });
        _clients[client] = null;
    }

    // A write whose client gave up may still arrive.
    private void StepLingering()
    {
        if (_lingering.Count == 0)
            return;
        _store.Apply(_lingering[0], _now);
        _lingering.RemoveAt(0);
    }

    private enum Fate
    {
        Undecided,
        Done,
        Refused,
        Unknown,
    }

    private sealed class Pending(int id, Call call, long calledAt)
    {
        public int Id => id;

        public Call Call => call;

        public long CalledAt => calledAt;

        public Fate Fate { get; set; }

        public Reply? Reply { get; set; }

        public RefusalReason Refusal { get; set; }
    }
}

using Etcdish.Consensus;
using Etcdish.Store;

namespace Etcdish.Cluster;

/// <summary>
/// Snapshots as the rounds see them: those that others are sent, and the one that this member receives. Received state takes the place of
/// the member's own in three steps: the core agrees and goes on from it; a record in the log says so; when that is durable, the store
/// changes its content. In between nothing is applied.
/// </summary>
internal sealed class ReplicaSnapshots(ReplicaParts parts, RaftNode raft, ReplicaLog log, ReplicaOptions options)
{
    // As a session holds segments back, but a follower's disk may stand still for a while.
    private const long PatienceInElectionTimeouts = 10;

    private readonly IncomingState _incoming = new(parts.Values);
    private RevisionStore? _whole;
    private ClusterState? _state;
    private int _takeOvers;

    public SnapshotSources Sources { get; } = new(parts.Store, parts.Values, options.Raft.Seed);

    public bool IsReceiving => _incoming.IsOpen || _whole is not null;

    public int TakeOvers => Volatile.Read(ref _takeOvers);

    public void Tick(long now) => Sources.Tick(raft, now, PatienceInElectionTimeouts * options.Raft.ElectionTicks);

    /// <summary>A part is durable.</summary>
    public void Take(ReadOnlyMemory<byte> record, Log.LogPosition place) => _incoming.Take(record, place);

    public void Abandon() => _incoming.Drop();

    /// <summary>See <see cref="Replica.InstallSnapshot"/>.</summary>
    public string? Install(ulong session, ClusterState state)
    {
        if (!_incoming.IsWhole(session))
        {
            string defect = _incoming.Defect ?? "its end is missing";
            _incoming.Drop();
            return $"what was sent is no state: {defect}";
        }

        if (!raft.OnSnapshotReceived(state.Base))
        {
            _incoming.Drop();
            return "the log came to hold all of it meanwhile";
        }

        _whole = _incoming.Detach();
        _state = state with { HardState = new HardState(0, 0, state.Index) };
        parts.Tail.Reset(state.Index);
        parts.Members.Reset(state.Membership);
        log.Reset(ResetRecord.Encode(session, _state), state.Index);
        return null;
    }

    /// <summary>A batch is durable: if a reset was in it, the received state is the member's now.</summary>
    public bool TryTakeOver(out ulong index)
    {
        index = _state?.Index ?? 0;
        if (_state is not { } state || _whole is not { } whole || log.IsResetting)
        {
            return false;
        }

        (_state, _whole) = (null, null);
        parts.Store.TakeOver(whole, state.Index, state.Term);
        parts.Watches.OnStateReplaced();
        Volatile.Write(ref _takeOvers, _takeOvers + 1);
        return true;
    }
}

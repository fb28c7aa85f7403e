using Etcdish.Consensus;

namespace Etcdish.Cluster;

/// <summary>What other threads may know of a replica, as of the end of its last round.</summary>
internal sealed class ReplicaStatus
{
    private ulong _term;
    private ulong _leader;
    private ulong _commit;
    private ulong _applied;
    private bool _decidesAlone;
    private bool _readsAreLocal;
    private bool _isQuarantined;
    private long _leaderChanges;

    public ReplicaStatus(RaftNode raft, ulong applied, bool decidesAlone) =>
        Update(raft, applied, decidesAlone, readsAreLocal: false);

    /// <summary>The newest term seen.</summary>
    public ulong Term => Volatile.Read(ref _term);

    /// <summary>The leader; 0 when none is known.</summary>
    public ulong Leader => Volatile.Read(ref _leader);

    /// <summary>How often a leader came to be known.</summary>
    public long LeaderChanges => Volatile.Read(ref _leaderChanges);

    /// <summary>The last entry known to be committed.</summary>
    public ulong Commit => Volatile.Read(ref _commit);

    /// <summary>The last entry applied.</summary>
    public ulong Applied => Volatile.Read(ref _applied);

    /// <summary>Nobody else votes.</summary>
    public bool DecidesAlone => Volatile.Read(ref _decidesAlone);

    /// <summary>A linearizable read needs nobody else: this member decides alone and has applied all that it decided.</summary>
    public bool ReadsAreLocal => Volatile.Read(ref _readsAreLocal);

    /// <summary>This member's log was damaged, and the group has not filled it again yet.</summary>
    public bool IsQuarantined => Volatile.Read(ref _isQuarantined);

    public void Update(RaftNode raft, ulong applied, bool decidesAlone, bool readsAreLocal)
    {
        Volatile.Write(ref _decidesAlone, decidesAlone);
        Volatile.Write(ref _readsAreLocal, readsAreLocal);
        Volatile.Write(ref _isQuarantined, raft.IsQuarantined);
        Volatile.Write(ref _applied, applied);
        Volatile.Write(ref _commit, raft.Commit);
        Volatile.Write(ref _term, raft.Term);
        if (raft.Leader != 0 && raft.Leader != _leader)
        {
            Volatile.Write(ref _leaderChanges, _leaderChanges + 1);
        }

        Volatile.Write(ref _leader, raft.Leader);
    }
}

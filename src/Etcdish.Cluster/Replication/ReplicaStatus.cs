using Etcdish.Consensus;

namespace Etcdish.Cluster;

/// <summary>What other threads may know of a replica, as of the end of its last round.</summary>
internal sealed class ReplicaStatus
{
    private Leadership _leadership;
    private TaskCompletionSource _leadershipChange = NewChange();
    private ulong _commit;
    private ulong _applied;
    private bool _decidesAlone;
    private bool _readsAreLocal;
    private bool _isQuarantined;
    private long _leaderChanges;

    public ReplicaStatus(RaftNode raft, ulong applied, bool decidesAlone)
    {
        _leadership = new Leadership(raft.Term, 0);
        Update(raft, applied, decidesAlone, readsAreLocal: false);
    }

    /// <summary>The newest term seen.</summary>
    public ulong Term => Leadership.Term;

    /// <summary>The leader; 0 when none is known.</summary>
    public ulong Leader => Leadership.Leader;

    /// <summary>Both, as they belong together.</summary>
    public Leadership Leadership => Volatile.Read(ref _leadership);

    /// <summary>Completes with the next change of <see cref="Leadership"/>; to be read before that is.</summary>
    public Task LeadershipChange => Volatile.Read(ref _leadershipChange).Task;

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
        if (raft.Leader != _leadership.Leader || raft.Term != _leadership.Term)
        {
            ChangeLeadership(new Leadership(raft.Term, raft.Leader));
        }
    }

    private static TaskCompletionSource NewChange() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void ChangeLeadership(Leadership next)
    {
        if (next.Leader != 0 && next.Leader != _leadership.Leader)
        {
            Volatile.Write(ref _leaderChanges, _leaderChanges + 1);
        }

        Volatile.Write(ref _leadership, next);
        Interlocked.Exchange(ref _leadershipChange, NewChange()).SetResult();
    }
}

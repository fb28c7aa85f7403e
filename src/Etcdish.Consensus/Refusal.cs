namespace Etcdish.Consensus;

/// <summary>Why the core did not take what it was asked for. Nothing has happened then, and asking again later is safe.</summary>
public enum Refusal : byte
{
    /// <summary>It was taken.</summary>
    None = 0,

    /// <summary>This member does not lead; <see cref="RaftNode.Leader"/> may know who does.</summary>
    NotLeader = 1,

    /// <summary>Leadership is being handed over.</summary>
    LeadershipTransfer = 2,

    /// <summary>The uncommitted part of the log is at its limit of bytes.</summary>
    TooManyUncommittedBytes = 3,

    /// <summary>Too many reads wait for confirmation.</summary>
    TooManyReads = 4,

    /// <summary>The leader has not yet committed an entry of its own term, or a configuration change is under way.</summary>
    ChangeInFlight = 5,

    /// <summary>The change contradicts the configuration; the reason says how.</summary>
    InvalidChange = 6,

    /// <summary>The learner has not caught up, or was not heard from lately.</summary>
    LearnerBehind = 7,

    /// <summary>Leadership cannot go there: not another voter, or a member that is in quarantine.</summary>
    InvalidTransferTarget = 8,
}

/// <summary>The answer to a proposal.</summary>
/// <param name="Refusal">Why not, or <see cref="Refusal.None"/>.</param>
/// <param name="Index">The index of the (first) entry when it was taken; else 0.</param>
/// <param name="Term">The term of the entry when it was taken; committed means: applied with this term.</param>
/// <param name="Reason">For an invalid configuration change, what is wrong with it.</param>
public readonly record struct ProposalResult(Refusal Refusal, ulong Index, ulong Term, string? Reason = null);

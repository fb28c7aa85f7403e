namespace Etcdish.Checkers;

/// <summary>A broken promise: which one, and the operations or watch responses involved in words.</summary>
public sealed record Violation(ViolationKind Kind, string Message)
{
    public override string ToString() => $"{Kind}: {Message}";
}

public enum ViolationKind
{
    /// <summary>The recorder's fault: an impossible time, or a client with two operations at once.</summary>
    MalformedHistory,

    /// <summary>Revisions are missing in the witness, or go back.</summary>
    RevisionGap,

    /// <summary>A change does not follow from the state before it: version, create revision, or a delete of nothing.</summary>
    ImpossibleChange,

    /// <summary>Two acknowledged writes claim one revision.</summary>
    RevisionUsedTwice,

    /// <summary>An acknowledged write, or a revision that a reader saw, is not in the final history.</summary>
    LostWrite,

    /// <summary>The history holds something else at the revision of an acknowledged write than that write.</summary>
    WrongEffect,

    /// <summary>A revision that nobody wrote, such as a refused write that happened nevertheless.</summary>
    UnexplainedRevision,

    /// <summary>A linearizable operation ran at a revision below one that was already acknowledged when it was called.</summary>
    WentBack,

    /// <summary>Something was seen before its write was called.</summary>
    FromTheFuture,

    /// <summary>A reply differs from what the state at its revision implies.</summary>
    WrongReply,

    /// <summary>An error that the state cannot have caused.</summary>
    UnjustifiedRefusal,

    /// <summary>A read of a compacted revision was served, or a compaction went backwards.</summary>
    CompactionIgnored,

    LeaseExpiredEarly,

    /// <summary>A lease was used after it had ended, or a revocation left keys behind.</summary>
    LeaseOutlivedItsEnd,

    WatchNotCreatedFirst,
    WatchSpokeAfterCancel,
    WatchOutOfOrder,
    WatchDuplicate,
    WatchSplitRevision,
    WatchGap,

    /// <summary>An event that never happened so.</summary>
    WatchWrongEvent,

    /// <summary>An event outside of the watched keys, of a filtered kind, or below the start revision.</summary>
    WatchUnwantedEvent,
    WatchWrongPrevKv,
    WatchBookmarkTooEarly,
    WatchResumeGap,
    WatchWrongCompactRevision,
    WatchBrokenFragments,

    /// <summary>It never delivered what it was awaited to deliver.</summary>
    WatchIncomplete,
}

namespace Etcdish.Checkers;

/// <summary>Errors need a cause, and a compaction must be heeded.</summary>
internal static class RefusalRules
{
    public static void Check(History history, Timeline timeline, LeaseRules leases, List<Violation> violations)
    {
        foreach (Operation operation in history.Operations)
        {
            if (operation.Outcome == Outcome.NotApplied && !IsJustified(operation, timeline, leases))
                violations.Add(new(ViolationKind.UnjustifiedRefusal, $"{operation} had no cause"));
            else if (operation.Outcome == Outcome.Ok)
                CheckHeeded(operation, timeline, leases, violations);
        }
    }

    private static bool IsJustified(Operation operation, Timeline timeline, LeaseRules leases) => operation.Refusal switch
    {
        RefusalReason.Compacted => operation.Call is CompactCall compact
            ? timeline.MayBeCompactedAbove(compact.Revision - 1, operation.ReturnedAt)
            : Revisions(operation.Call).Any(revision => timeline.MayBeCompactedAbove(revision, operation.ReturnedAt)),
        // What is the future to a member that lags is the past to others.
        RefusalReason.FutureRevision when operation.Call is RangeCall { Serializable: true } => true,
        RefusalReason.FutureRevision => operation.Call is CompactCall compact
            ? compact.Revision > timeline.ShownBefore(operation.CalledAt)
            : Revisions(operation.Call).Any(revision => revision > timeline.ShownBefore(operation.CalledAt)),
        RefusalReason.LeaseNotFound => Leases(operation.Call).Any(lease => leases.MayBeGone(lease, operation)),
        _ => true,
    };

    private static void CheckHeeded(Operation operation, Timeline timeline, LeaseRules leases, List<Violation> violations)
    {
        if (operation.Call is CompactCall compact)
        {
            if (timeline.CompactedAbove(compact.Revision - 1, operation.CalledAt) is { } earlier)
                violations.Add(new(ViolationKind.CompactionIgnored, $"{operation} succeeded after {earlier}"));
            if (compact.Revision > operation.Reply!.Revision)
                violations.Add(new(ViolationKind.WrongReply, $"{operation} compacted the future"));
        }
        else if (operation.Call is not RangeCall { Serializable: true })
        {
            foreach (long revision in Revisions(operation.Call))
            {
                if (timeline.CompactedAbove(revision, operation.CalledAt) is { } compaction)
                    violations.Add(new(ViolationKind.CompactionIgnored, $"{operation} was served after {compaction}"));
            }
        }

        if (operation is { Call: KeepAliveCall keepAlive, Reply: KeepAliveReply { Seconds: 0 } }
            && !leases.MayBeGone(keepAlive.Lease, operation))
        {
            violations.Add(new(ViolationKind.UnjustifiedRefusal, $"{operation} did not find a lease that was alive"));
        }
    }

    private static IEnumerable<long> Revisions(Call call) => call switch
    {
        RangeCall { Revision: > 0 } range => [range.Revision],
        TxnCall txn => txn.Success.Concat(txn.Failure).SelectMany(Revisions),
        _ => [],
    };

    private static IEnumerable<long> Leases(Call call) => call switch
    {
        PutCall { Lease: not 0 } put => [put.Lease],
        RevokeCall revoke => [revoke.Lease],
        KeepAliveCall keepAlive => [keepAlive.Lease],
        TxnCall txn => txn.Success.Concat(txn.Failure).SelectMany(Leases),
        _ => [],
    };
}

namespace Etcdish.Checkers;

/// <summary>
/// Leases by intervals: none ends before its time to live has passed since the last successful grant or renewal, and none is used
/// after its end. The clock of the recorder is compared, so a server whose clock runs slow is never blamed.
/// </summary>
internal sealed class LeaseRules
{
    private const long NanosecondsPerSecond = 1_000_000_000;
    private readonly Timeline _timeline;
    private readonly Dictionary<long, List<Operation>> _refreshes = [];
    private readonly Dictionary<long, List<Operation>> _revocations = [];
    private readonly Dictionary<long, long> _expiredAt = [];
    private readonly History _history;

    public LeaseRules(History history, Timeline timeline)
    {
        _history = history;
        _timeline = timeline;
        foreach (Operation operation in history.Operations)
        {
            if (operation.Reply is GrantReply)
                Add(_refreshes, ((GrantCall)operation.Call).Lease, operation);
            else if (operation.Reply is KeepAliveReply { Seconds: > 0 })
                Add(_refreshes, ((KeepAliveCall)operation.Call).Lease, operation);
            else if (operation.Call is RevokeCall revoke && operation.Outcome != Outcome.NotApplied)
                Add(_revocations, revoke.Lease, operation);
        }
    }

    /// <summary>Whether the revision deletes exactly the keys of one lease at a time when that lease may have ended.</summary>
    public bool ExplainsExpiry(StateHistory states, long revision) =>
        LeaseThatLostItsKeys(states, revision) is { } lease && EarliestEnd(lease) <= _timeline.ShownBy(revision);

    /// <summary>
    /// Takes the revision for the expiry of a lease, and reports one that came too early. False when it looks like no expiry.
    /// </summary>
    public bool AcceptExpiry(StateHistory states, long revision, List<Violation> violations)
    {
        if (LeaseThatLostItsKeys(states, revision) is not { } lease)
            return false;
        _expiredAt.TryAdd(lease, revision);
        if (EarliestEnd(lease) > _timeline.ShownBy(revision))
        {
            violations.Add(new(
                ViolationKind.LeaseExpiredEarly,
                $"lease {lease} expired at revision {revision}, shown at {_timeline.ShownBy(revision)}, but {LastRefresh(lease)} "
                + $"keeps it until {EarliestEnd(lease)}"));
        }

        return true;
    }

    public void Check(StateHistory states, Writers writers, List<Violation> violations)
    {
        foreach (WatchEvent change in states.Events)
        {
            if (!change.IsDelete && change.Kv.Lease != 0 && EndRevision(change.Kv.Lease) is { } end && change.Revision > end)
            {
                violations.Add(new(
                    ViolationKind.LeaseOutlivedItsEnd,
                    $"{writers[change.Revision]?.ToString() ?? change.ToString()} used a lease that had ended at revision {end}"));
            }
        }

        foreach (Operation operation in _history.Operations)
        {
            if (operation.Reply is KeepAliveReply { Seconds: > 0 } && EndTime(((KeepAliveCall)operation.Call).Lease) < operation.CalledAt)
                violations.Add(new(ViolationKind.LeaseOutlivedItsEnd, $"{operation} renewed a lease that had ended"));
        }
    }

    /// <summary>Whether the lease may have been unknown to the server at some moment of the operation.</summary>
    public bool MayBeGone(long lease, Operation during)
    {
        if (!_refreshes.TryGetValue(lease, out List<Operation>? refreshes) || refreshes.All(op => op.ReturnedAt >= during.CalledAt))
            return true;
        if (_revocations.TryGetValue(lease, out List<Operation>? revocations) && revocations.Exists(op => op.CalledAt <= during.ReturnedAt))
            return true;
        long keptUntil = refreshes.Where(op => op.ReturnedAt < during.CalledAt).Max(End);
        return keptUntil <= during.ReturnedAt;
    }

    private static void Add(Dictionary<long, List<Operation>> map, long lease, Operation operation)
    {
        if (!map.TryGetValue(lease, out List<Operation>? operations))
            map[lease] = operations = [];
        operations.Add(operation);
    }

    private static long? LeaseThatLostItsKeys(StateHistory states, long revision)
    {
        ReadOnlySpan<WatchEvent> changes = states.EventsAt(revision);
        StoreView before = states.At(revision - 1);
        if (changes.Length == 0 || before.Find(changes[0].Kv.Key) is not { Lease: not 0 } first)
            return null;
        return ReplyRules.SameEvents(Model.Execute(new RevokeCall(first.Lease), before).Events, changes) ? first.Lease : null;
    }

    /// <summary>No successful grant or renewal can have come after the end, so each of them moves the earliest end.</summary>
    private long EarliestEnd(long lease) => LastRefresh(lease) is { } last ? End(last) : long.MinValue;

    private Operation? LastRefresh(long lease) =>
        _refreshes.TryGetValue(lease, out List<Operation>? refreshes) ? refreshes.MaxBy(End) : null;

    // The time to live counts from some moment inside the operation, so from its call at the earliest.
    private long End(Operation refresh)
    {
        long seconds = refresh.Reply is GrantReply grant ? grant.Seconds : ((KeepAliveReply)refresh.Reply!).Seconds;
        return refresh.CalledAt + (long)(seconds * NanosecondsPerSecond / (1 + _history.ClockDrift));
    }

    private long? EndRevision(long lease)
    {
        if (_expiredAt.TryGetValue(lease, out long revision))
            return revision;
        if (!_revocations.TryGetValue(lease, out List<Operation>? revocations))
            return null;
        return revocations.Where(op => op.Reply is not null).Min(op => (long?)op.Reply!.Revision);
    }

    private long EndTime(long lease)
    {
        if (_expiredAt.TryGetValue(lease, out long revision))
            return _timeline.ShownBy(revision);
        if (!_revocations.TryGetValue(lease, out List<Operation>? revocations))
            return long.MaxValue;
        return revocations.Where(op => op.Reply is not null).Min(op => (long?)op.ReturnedAt) ?? long.MaxValue;
    }
}

namespace Etcdish.Checkers.Tests;

/// <summary>The store behind generated histories: one thread, the current keys, and every change since the beginning.</summary>
internal sealed class ReferenceStore : StoreView
{
    private readonly SortedDictionary<string, KeyValue> _current = new(StringComparer.Ordinal);
    private readonly Dictionary<long, long> _leaseEnds = [];
    private long _revision = History.EmptyRevision;

    public List<WatchEvent> Events { get; } = [];

    public long CompactRevision { get; private set; }

    public override long Revision => _revision;

    /// <summary>Leases that have run out by then, first the one with the smallest id.</summary>
    public long[] Expired(long now) => [.. _leaseEnds.Where(pair => pair.Value < now).Select(pair => pair.Key).Order()];

    public long[] Leases => [.. _leaseEnds.Keys.Order()];

    public (Reply? Reply, RefusalReason Refusal) Apply(Call call, long now)
    {
        switch (call)
        {
            case KeepAliveCall keepAlive:
                bool alive = _leaseEnds.ContainsKey(keepAlive.Lease);
                if (alive)
                    _leaseEnds[keepAlive.Lease] = now + GrantSeconds * 1_000_000_000;
                return (new KeepAliveReply(_revision, alive ? GrantSeconds : 0), default);
            case GrantCall grant:
                _leaseEnds[grant.Lease] = now + grant.Seconds * 1_000_000_000;
                break;
            case PutCall { Lease: not 0 } put when !_leaseEnds.ContainsKey(put.Lease):
                return (null, RefusalReason.LeaseNotFound);
            case RevokeCall revoke when !_leaseEnds.Remove(revoke.Lease):
                return (null, RefusalReason.LeaseNotFound);
            case RangeCall { Revision: > 0 } range when range.Revision < CompactRevision:
            case CompactCall compact when compact.Revision <= CompactRevision:
                return (null, RefusalReason.Compacted);
            case RangeCall { Revision: > 0 } range when range.Revision > _revision:
            case CompactCall compact when compact.Revision > _revision:
                return (null, RefusalReason.FutureRevision);
            case CompactCall compact:
                CompactRevision = compact.Revision;
                break;
        }

        Step step = Model.Execute(call, this);
        Append(step.Events);
        return (step.Reply, default);
    }

    /// <summary>The time to live of every generated lease.</summary>
    public const long GrantSeconds = 2;

    public override KeyValue? Find(string key) => _current.GetValueOrDefault(key);

    public override void Collect(KeyRange range, List<KeyValue> result)
    {
        if (range.IsSingleKey)
        {
            if (Find(range.Start) is { } kv)
                result.Add(kv);
            return;
        }

        foreach (KeyValue kv in _current.Values)
        {
            if (range.Contains(kv.Key))
                result.Add(kv);
        }
    }

    public override void CollectLease(long lease, List<KeyValue> result) =>
        result.AddRange(_current.Values.Where(kv => kv.Lease == lease));

    public override StoreView At(long revision)
    {
        var past = new ReferenceStore();
        past.Append(Events.TakeWhile(change => change.Revision <= revision));
        past._revision = revision;
        return past;
    }

    private void Append(IEnumerable<WatchEvent> changes)
    {
        foreach (WatchEvent change in changes)
        {
            if (change.IsDelete)
                _current.Remove(change.Kv.Key);
            else
                _current[change.Kv.Key] = change.Kv;
            Events.Add(change);
            _revision = change.Revision;
        }
    }
}

namespace Etcdish.Checkers;

/// <summary>
/// etcd's operations as a pure function of the state before them. It knows no compaction and no time: refusals are judged by the
/// rules of intervals.
/// </summary>
internal static class Model
{
    /// <summary>What the call answers, and which changes it makes at the next revision.</summary>
    public static Step Execute(Call call, StoreView before)
    {
        var view = new TxnView(before);
        Reply reply = Execute(call, view, before);
        long revision = view.Events.Count > 0 ? before.Revision + 1 : before.Revision;
        return new Step(reply with { Revision = revision }, view.Events);
    }

    private static Reply Execute(Call call, TxnView view, StoreView before) => call switch
    {
        PutCall put => Put(put, view),
        RangeCall range => Range(range, view),
        DeleteCall delete => Delete(delete, view),
        TxnCall txn => Txn(txn, view, before),
        RevokeCall revoke => Revoke(revoke, view),
        CompactCall => new CompactReply(0),
        GrantCall grant => new GrantReply(0, grant.Seconds),
        _ => throw new ArgumentException($"the model cannot run {call}", nameof(call)),
    };

    private static PutReply Put(PutCall put, TxnView view)
    {
        KeyValue? old = put.PrevKv ? view.Find(put.Key) : null;
        view.Put(put.Key, put.Value, put.Lease);
        return new PutReply(0, old);
    }

    private static DeleteReply Delete(DeleteCall delete, TxnView view)
    {
        var victims = new List<KeyValue>();
        view.Collect(delete.Keys, victims);
        foreach (KeyValue victim in victims)
            view.Delete(victim.Key);
        return new DeleteReply(0, victims.Count, delete.PrevKv ? victims : []);
    }

    private static RevokeReply Revoke(RevokeCall revoke, TxnView view)
    {
        var victims = new List<KeyValue>();
        view.CollectLease(revoke.Lease, victims);
        foreach (KeyValue victim in victims)
            view.Delete(victim.Key);
        return new RevokeReply(0);
    }

    private static TxnReply Txn(TxnCall txn, TxnView view, StoreView before)
    {
        // Compares, also those of nested transactions, look at the state before the outermost one.
        bool succeeded = txn.Compares.All(compare => Holds(compare, before));
        IReadOnlyList<Call> calls = succeeded ? txn.Success : txn.Failure;
        var replies = new Reply[calls.Count];
        for (int i = 0; i < replies.Length; i++)
            replies[i] = Execute(calls[i], view, before);
        return new TxnReply(0, succeeded, replies);
    }

    private static bool Holds(Compare compare, StoreView before)
    {
        KeyValue? kv = before.Find(compare.Key);
        if (compare.Target == CompareTarget.Value && kv is null)
            return false;
        int order = compare.Target switch
        {
            CompareTarget.Version => (kv?.Version ?? 0).CompareTo(compare.Number),
            CompareTarget.Create => (kv?.CreateRevision ?? 0).CompareTo(compare.Number),
            CompareTarget.Mod => (kv?.ModRevision ?? 0).CompareTo(compare.Number),
            CompareTarget.Lease => (kv?.Lease ?? 0).CompareTo(compare.Number),
            _ => string.CompareOrdinal(kv!.Value, compare.Value),
        };
        return compare.Result switch
        {
            CompareResult.Equal => order == 0,
            CompareResult.NotEqual => order != 0,
            CompareResult.Greater => order > 0,
            _ => order < 0,
        };
    }

    private static Reply Range(RangeCall range, TxnView view)
    {
        if (range.Revision > view.Revision)
            return new RefusedReply(RefusalReason.FutureRevision);
        var kvs = new List<KeyValue>();
        StoreView source = range.Revision == 0 ? view : view.At(range.Revision);
        source.Collect(range.Keys, kvs);
        int count = kvs.Count;
        if (range.CountOnly)
            return new RangeReply(0, [], count, false);

        if (range.SortOrder == SortOrder.None && range.SortTarget != SortTarget.Key)
        {
            // etcd sorts ascending then, but only what it fetched in key order: one key more than the limit.
            Cut(kvs, range.Limit == 0 ? 0 : range.Limit + 1);
            Sort(kvs, range.SortTarget, descending: false);
            Cut(kvs, range.Limit);
        }
        else
        {
            Sort(kvs, range.SortTarget, range.SortOrder == SortOrder.Descend);
            Cut(kvs, range.Limit);
        }

        bool more = kvs.Count < count;
        return new RangeReply(0, range.KeysOnly ? kvs.ConvertAll(kv => kv with { Value = "" }) : kvs, count, more);
    }

    private static void Cut(List<KeyValue> kvs, long limit)
    {
        if (limit > 0 && kvs.Count > limit)
            kvs.RemoveRange((int)limit, kvs.Count - (int)limit);
    }

    private static void Sort(List<KeyValue> kvs, SortTarget target, bool descending)
    {
        if (target == SortTarget.Key && !descending)
            return;
        kvs.Sort((x, y) => descending ? CompareBy(target, y, x) : CompareBy(target, x, y));
    }

    /// <summary>The order of two keys by one property; keys that are equal in it may come either way.</summary>
    public static int CompareBy(SortTarget target, KeyValue x, KeyValue y) => target switch
    {
        SortTarget.Key => string.CompareOrdinal(x.Key, y.Key),
        SortTarget.Version => x.Version.CompareTo(y.Version),
        SortTarget.Create => x.CreateRevision.CompareTo(y.CreateRevision),
        SortTarget.Mod => x.ModRevision.CompareTo(y.ModRevision),
        _ => string.CompareOrdinal(x.Value, y.Value),
    };
}

/// <summary>What one execution answers and changes.</summary>
internal readonly record struct Step(Reply Reply, List<WatchEvent> Events);

/// <summary>The model's answer to what no server may serve; no recorded reply equals it.</summary>
internal sealed record RefusedReply(RefusalReason Reason) : Reply(0);

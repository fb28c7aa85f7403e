namespace Etcdish.Checkers;

/// <summary>Compares a reply with the model's, in words.</summary>
internal static class ReplyDifference
{
    /// <summary>Null when the reply is what the model says.</summary>
    public static string? Find(Call call, Reply expected, Reply actual)
    {
        if (expected.Revision != actual.Revision)
            return $"revision {actual.Revision}, expected {expected.Revision}";
        return (expected, actual) switch
        {
            (PutReply want, PutReply got) => Field("prev_kv", want.PrevKv, got.PrevKv),
            (DeleteReply want, DeleteReply got) =>
                Field("deleted", want.Deleted, got.Deleted) ?? List("prev_kvs", want.PrevKvs, got.PrevKvs),
            (RangeReply want, RangeReply got) => Range((RangeCall)call, want, got),
            (TxnReply want, TxnReply got) => Txn((TxnCall)call, want, got),
            (CompactReply, CompactReply) or (RevokeReply, RevokeReply) => null,
            (GrantReply, GrantReply) => null,
            _ => $"a {actual.GetType().Name}, expected a {expected.GetType().Name}",
        };
    }

    private static string? Range(RangeCall call, RangeReply want, RangeReply got)
    {
        string? difference = Field("count", want.Count, got.Count) ?? Field("more", want.More, got.More);
        if (difference is not null || call.SortTarget == SortTarget.Key)
            return difference ?? List("kvs", want.Kvs, got.Kvs);
        return call.KeysOnly ? Field("number of kvs", want.Kvs.Count, got.Kvs.Count) : Sorted(call.SortTarget, want.Kvs, got.Kvs);
    }

    // Ties may come in any order and be cut anywhere, so only the sorted property is compared place by place.
    private static string? Sorted(SortTarget target, IReadOnlyList<KeyValue> want, IReadOnlyList<KeyValue> got)
    {
        if (want.Count != got.Count)
            return $"{got.Count} kvs, expected {want.Count}";
        if (got.DistinctBy(kv => kv.Key).Count() != got.Count)
            return "a key comes twice";
        Dictionary<string, KeyValue> known = want.ToDictionary(kv => kv.Key, StringComparer.Ordinal);
        for (int i = 0; i < want.Count; i++)
        {
            if (Model.CompareBy(target, want[i], got[i]) != 0)
                return $"{got[i]} at place {i}, expected {want[i]}";
            if (known.TryGetValue(got[i].Key, out KeyValue? kv) && kv != got[i])
                return $"{got[i]}, expected {kv}";
        }

        return null;
    }

    private static string? Txn(TxnCall call, TxnReply want, TxnReply got)
    {
        string? difference = Field("succeeded", want.Succeeded, got.Succeeded)
            ?? Field("number of replies", want.Replies.Count, got.Replies.Count);
        IReadOnlyList<Call> calls = want.Succeeded ? call.Success : call.Failure;
        for (int i = 0; difference is null && i < want.Replies.Count; i++)
        {
            string? inner = Find(calls[i], want.Replies[i], got.Replies[i]);
            if (inner is not null)
                difference = $"in operation {i} of the transaction: {inner}";
        }

        return difference;
    }

    private static string? List(string name, IReadOnlyList<KeyValue> want, IReadOnlyList<KeyValue> got)
    {
        for (int i = 0; i < Math.Max(want.Count, got.Count); i++)
        {
            KeyValue? wanted = i < want.Count ? want[i] : null;
            KeyValue? gotten = i < got.Count ? got[i] : null;
            if (wanted != gotten)
                return $"{name}[{i}] is {gotten?.ToString() ?? "missing"}, expected {wanted?.ToString() ?? "none"}";
        }

        return null;
    }

    private static string? Field<T>(string name, T want, T got) =>
        EqualityComparer<T>.Default.Equals(want, got)
            ? null
            : $"{name} is {got?.ToString() ?? "absent"}, expected {want?.ToString() ?? "none"}";
}

namespace Etcdish.Store;

/// <summary>
/// Finds keys that one run of a branch could put twice, or put and delete. The two branches of a nested transaction exclude each other and
/// may overlap; deletions may overlap deletions. As in etcd, the puts of a nested transaction are checked against the deletions of its own
/// level's parent and of the nested transactions before it, not after it.
/// </summary>
internal sealed class TxnOverlapCheck
{
    private readonly HashSet<byte[]> _puts = new(KeyComparer.Instance);
    private readonly List<KeyRange> _deletions = [];

    public EtcdError? Check(IReadOnlyList<RequestOp> ops)
    {
        for (var i = 0; i < ops.Count; i++)
        {
            if (ops[i].Kind == RequestOpKind.DeleteRange)
            {
                _deletions.Add(KeyRange.Of(ops[i].DeleteRange.Key, ops[i].DeleteRange.RangeEnd));
            }
        }

        for (var i = 0; i < ops.Count; i++)
        {
            if (ops[i].Txn is { } nested && AddNested(nested) is { } error)
            {
                return error;
            }
        }

        for (var i = 0; i < ops.Count; i++)
        {
            if (ops[i].Kind == RequestOpKind.Put && (IsDeleted(ops[i].Put.Key.Span) || !_puts.Add(ops[i].Put.Key.ToArray())))
            {
                return EtcdError.DuplicateKey;
            }
        }

        return null;
    }

    private EtcdError? AddNested(TxnRequest nested)
    {
        TxnOverlapCheck then = new(), otherwise = new();
        if ((then.Check(nested.Success) ?? otherwise.Check(nested.Failure)) is { } error)
        {
            return error;
        }

        if (Overlaps(then) || Overlaps(otherwise))
        {
            return EtcdError.DuplicateKey;
        }

        _puts.UnionWith(then._puts);
        _puts.UnionWith(otherwise._puts);
        _deletions.AddRange(then._deletions);
        _deletions.AddRange(otherwise._deletions);
        return null;
    }

    private bool Overlaps(TxnOverlapCheck branch)
    {
        foreach (var key in branch._puts)
        {
            if (_puts.Contains(key) || IsDeleted(key))
            {
                return true;
            }
        }

        return false;
    }

    private bool IsDeleted(ReadOnlySpan<byte> key)
    {
        foreach (var deletion in _deletions)
        {
            if (deletion.Start.Span.SequenceCompareTo(key) <= 0 && deletion.EndsAfter(key))
            {
                return true;
            }
        }

        return false;
    }
}

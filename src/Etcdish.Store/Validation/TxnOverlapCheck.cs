namespace Etcdish.Store;

/// <summary>
/// Finds keys that one run of a branch could put twice, or put and delete. The two branches of a nested transaction exclude each other and
/// may overlap; deletions may overlap deletions. Two peculiarities are etcd's: the puts of a nested transaction are checked against the
/// deletions of its own level and of the nested transactions before it, not after it; and a deletion "from the key on" counts as no
/// overlap at all. The second lets a key be deleted and then put with ignore_value, which has no answer (etcd crashes): that is refused.
/// </summary>
internal sealed class TxnOverlapCheck
{
    private readonly HashSet<byte[]> _puts = new(KeyComparer.Instance);
    private readonly KeyIntervals _deletions = new();
    private byte[]? _greatestIgnoringPut;
    private byte[]? _leastOpenDeletion;

    public EtcdError? Check(IReadOnlyList<RequestOp> ops)
    {
        for (var i = 0; i < ops.Count; i++)
        {
            if (ops[i].Kind == RequestOpKind.DeleteRange)
            {
                AddDeletion(ops[i].DeleteRange);
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
            if (ops[i].Kind == RequestOpKind.Put && !AddPut(ops[i].Put))
            {
                return EtcdError.DuplicateKey;
            }
        }

        return null;
    }

    private static bool IgnoresWhatIsDeleted(TxnOverlapCheck putting, TxnOverlapCheck deleting) =>
        putting._greatestIgnoringPut is { } key && deleting._leastOpenDeletion is { } start && key.AsSpan().SequenceCompareTo(start) >= 0;

    private void AddDeletion(in DeleteRangeRequest request)
    {
        var range = KeyRange.Of(request.Key, request.RangeEnd);
        if (range.IsUnbounded)
        {
            LowerOpenDeletion(request.Key.ToArray());
        }
        else
        {
            _deletions.Add(range);
        }
    }

    private bool AddPut(in PutRequest put)
    {
        var key = put.Key.ToArray();
        if (put.IgnoreValue || put.IgnoreLease)
        {
            RaiseIgnoringPut(key);
            if (_leastOpenDeletion is { } start && key.AsSpan().SequenceCompareTo(start) >= 0)
            {
                return false;
            }
        }

        return !_deletions.Contains(key) && _puts.Add(key);
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

        Include(then);
        Include(otherwise);
        return null;
    }

    private bool Overlaps(TxnOverlapCheck branch)
    {
        foreach (var key in branch._puts)
        {
            if (_puts.Contains(key) || _deletions.Contains(key))
            {
                return true;
            }
        }

        return IgnoresWhatIsDeleted(this, branch) || IgnoresWhatIsDeleted(branch, this);
    }

    private void Include(TxnOverlapCheck branch)
    {
        _puts.UnionWith(branch._puts);
        _deletions.UnionWith(branch._deletions);
        if (branch._greatestIgnoringPut is { } key)
        {
            RaiseIgnoringPut(key);
        }

        if (branch._leastOpenDeletion is { } start)
        {
            LowerOpenDeletion(start);
        }
    }

    private void RaiseIgnoringPut(byte[] key)
    {
        if (_greatestIgnoringPut is null || key.AsSpan().SequenceCompareTo(_greatestIgnoringPut) > 0)
        {
            _greatestIgnoringPut = key;
        }
    }

    private void LowerOpenDeletion(byte[] start)
    {
        if (_leastOpenDeletion is null || start.AsSpan().SequenceCompareTo(_leastOpenDeletion) < 0)
        {
            _leastOpenDeletion = start;
        }
    }
}

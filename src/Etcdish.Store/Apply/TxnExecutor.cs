namespace Etcdish.Store;

/// <summary>
/// Runs a transaction in etcd's three passes: all compares on the state before it, then all checks on that state, then the operations of
/// the chosen branches in order, each seeing the effects of the earlier ones.
/// </summary>
/// <param name="state">The store's state.</param>
/// <param name="reader">Answers the ranges.</param>
/// <param name="compares">Decides the branches.</param>
/// <param name="mutator">Makes the changes; null when the transaction only reads.</param>
internal sealed class TxnExecutor(StoreState state, RangeReader reader, CompareEvaluator compares, Mutator? mutator)
{
    private readonly List<bool> _path = [];
    private int _next;

    /// <summary>Runs <paramref name="txn"/> on the state at <paramref name="revision"/>.</summary>
    /// <returns>Why it was refused, with nothing changed, or null.</returns>
    public EtcdError? Run(TxnRequest txn, long revision, TxnResult result)
    {
        _path.Clear();
        compares.Decide(txn, revision, _path);
        _next = 0;
        if (Check(txn, revision) is { } error)
        {
            return error;
        }

        _next = 0;
        Execute(txn, revision, result);
        return null;
    }

    private EtcdError? Check(TxnRequest txn, long revision)
    {
        var branch = txn.Branch(_path[_next++]);
        for (var i = 0; i < branch.Count; i++)
        {
            var op = branch[i];
            var error = op.Kind switch
            {
                RequestOpKind.Range => CheckRange(op.Range!, revision),
                RequestOpKind.Put => mutator!.CheckPut(op.Put),
                RequestOpKind.Txn => Check(op.Txn!, revision),
                _ => null,
            };
            if (error is not null)
            {
                return error;
            }
        }

        return null;
    }

    // Unlike a range on its own, one in a transaction may not ask for a negative revision.
    private EtcdError? CheckRange(RangeRequest range, long revision) => range.Revision switch
    {
        0 => null,
        var asked when asked > revision => EtcdError.FutureRev,
        var asked when asked < state.CompactedRevision => EtcdError.Compacted,
        _ => null,
    };

    private void Execute(TxnRequest txn, long revision, TxnResult result)
    {
        result.Succeeded = _path[_next++];
        var branch = txn.Branch(result.Succeeded);
        for (var i = 0; i < branch.Count; i++)
        {
            result.Responses.Add(Execute(branch[i], revision));
        }
    }

    private OpResult Execute(RequestOp op, long revision)
    {
        var answer = new OpResult { Kind = op.Kind };
        switch (op.Kind)
        {
            case RequestOpKind.Range:
                answer.Range = new RangeResult();
                reader.Read(op.Range!, mutator?.View ?? revision, answer.Range);
                answer.HeaderRevision = answer.Range.HeaderRevision;
                break;
            case RequestOpKind.Put:
                answer.PutPrevious = mutator!.Put(op.Put);
                answer.HeaderRevision = mutator.View;
                break;
            case RequestOpKind.DeleteRange:
                answer.DeleteRange = mutator!.DeleteRange(op.DeleteRange);
                answer.HeaderRevision = mutator.View;
                break;
            case RequestOpKind.Txn:
                answer.Txn = new TxnResult();
                Execute(op.Txn!, revision, answer.Txn);
                break;
            default:
                throw new InvalidOperationException("a transaction with an empty operation was not refused before it was proposed");
        }

        return answer;
    }
}

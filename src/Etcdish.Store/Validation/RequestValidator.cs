namespace Etcdish.Store;

/// <summary>
/// Refuses requests that no state could answer, before they are proposed: pure functions of a decoded request. Each returns the refusal or
/// null, and looks at things in etcd's order, so that a request with several faults gets the same error.
/// </summary>
public static class RequestValidator
{
    /// <summary>Checks a range.</summary>
    /// <param name="request">The request.</param>
    public static EtcdError? Check(RangeRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return request.Key.IsEmpty ? EtcdError.EmptyKey
            : request.SortOrder is < SortOrder.None or > SortOrder.Descend ? EtcdError.InvalidSortOption
            : request.SortTarget is < SortTarget.Key or > SortTarget.Value ? EtcdError.InvalidSortOption
            : null;
    }

    /// <summary>Checks a put.</summary>
    /// <param name="request">The request.</param>
    public static EtcdError? Check(in PutRequest request) =>
        request.Key.IsEmpty ? EtcdError.EmptyKey
        : request.IgnoreValue && !request.Value.IsEmpty ? EtcdError.ValueProvided
        : request.IgnoreLease && request.Lease != 0 ? EtcdError.LeaseProvided
        : null;

    /// <summary>Checks a deletion.</summary>
    /// <param name="request">The request.</param>
    public static EtcdError? Check(in DeleteRangeRequest request) => request.Key.IsEmpty ? EtcdError.EmptyKey : null;

    /// <summary>
    /// Checks a transaction: the number of operations, the operations themselves, and that no key can be written twice.
    /// </summary>
    /// <param name="request">The request.</param>
    /// <param name="maxOps">Most compares, and most operations of a branch; what one level uses is taken off the budget of the levels
    /// below it. etcd's default is 128.</param>
    public static EtcdError? Check(TxnRequest request, int maxOps)
    {
        ArgumentNullException.ThrowIfNull(request);
        return CheckOps(request, maxOps)
            ?? new TxnOverlapCheck().Check(request.Success)
            ?? new TxnOverlapCheck().Check(request.Failure);
    }

    private static EtcdError? CheckOps(TxnRequest request, int maxOps)
    {
        var ops = Math.Max(request.Compare.Count, Math.Max(request.Success.Count, request.Failure.Count));
        if (ops > maxOps)
        {
            return EtcdError.TooManyOps;
        }

        for (var i = 0; i < request.Compare.Count; i++)
        {
            if (request.Compare[i].Key.IsEmpty)
            {
                return EtcdError.EmptyKey;
            }
        }

        return CheckBranch(request.Success, maxOps - ops) ?? CheckBranch(request.Failure, maxOps - ops);
    }

    private static EtcdError? CheckBranch(IReadOnlyList<RequestOp> branch, int nestedMaxOps)
    {
        for (var i = 0; i < branch.Count; i++)
        {
            var op = branch[i];
            var error = op.Kind switch
            {
                RequestOpKind.Range => Check(op.Range!),
                RequestOpKind.Put => Check(op.Put),
                RequestOpKind.DeleteRange => Check(op.DeleteRange),
                RequestOpKind.Txn => CheckOps(op.Txn!, nestedMaxOps),
                _ => EtcdError.KeyNotFound,
            };
            if (error is not null)
            {
                return error;
            }
        }

        return null;
    }
}

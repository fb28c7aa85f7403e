using Etcdish.Protos;

namespace Etcdish.Client;

/// <summary>
/// A transaction in the making: <c>kv.Txn().When(If.Missing(key)).Then(Op.Put(key, value)).Else(Op.Get(key)).CommitAsync()</c>.
/// Not thread-safe.
/// </summary>
public sealed class TxnBuilder
{
    private readonly KvClient _kv;
    private readonly TxnRequest _request = new();

    internal TxnBuilder(KvClient kv)
    {
        _kv = kv;
    }

    /// <summary>Adds conditions; all must hold. None at all hold.</summary>
    public TxnBuilder When(params ReadOnlySpan<Compare> conditions)
    {
        foreach (Compare condition in conditions)
        {
            _request.Compare.Add(condition);
        }

        return this;
    }

    /// <summary>Adds operations to run when the conditions hold.</summary>
    public TxnBuilder Then(params ReadOnlySpan<RequestOp> operations)
    {
        foreach (RequestOp operation in operations)
        {
            _request.Success.Add(operation);
        }

        return this;
    }

    /// <summary>Adds operations to run when a condition fails.</summary>
    public TxnBuilder Else(params ReadOnlySpan<RequestOp> operations)
    {
        foreach (RequestOp operation in operations)
        {
            _request.Failure.Add(operation);
        }

        return this;
    }

    /// <summary>Runs it.</summary>
    /// <exception cref="Rpc.RpcException">The call failed. Unavailable or DeadlineExceeded: its writes may yet have happened.</exception>
    public Task<TxnResponse> CommitAsync(CancellationToken cancellationToken = default) => _kv.TxnAsync(_request, cancellationToken);

    /// <summary>The transaction as an operation of another one.</summary>
    public RequestOp AsOperation() => new() { RequestTxn = _request.Clone() };
}

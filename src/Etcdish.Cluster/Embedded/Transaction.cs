using Etcdish.Store;

namespace Etcdish.Cluster;

/// <summary>A condition of a transaction on one key or, when a range is given, on every key in it.</summary>
public sealed class Condition
{
    private Condition(Compare compare) => Compare = compare;

    internal Compare Compare { get; }

    /// <summary>The key exists.</summary>
    public static Condition Exists(KeyRange key) => Version(key, CompareResult.Greater, 0);

    /// <summary>The key does not exist.</summary>
    public static Condition Missing(KeyRange key) => Version(key, CompareResult.Equal, 0);

    /// <summary>The key's version compares so; a missing key has version 0.</summary>
    public static Condition Version(KeyRange key, CompareResult result, long version) => Of(key, CompareTarget.Version, result, version);

    /// <summary>The key's create revision compares so; a missing key has 0.</summary>
    public static Condition CreateRevision(KeyRange key, CompareResult result, long revision) =>
        Of(key, CompareTarget.Create, result, revision);

    /// <summary>The key's mod revision compares so; a missing key has 0.</summary>
    public static Condition ModRevision(KeyRange key, CompareResult result, long revision) =>
        Of(key, CompareTarget.Mod, result, revision);

    /// <summary>The key's lease compares so; a missing key has 0.</summary>
    public static Condition Lease(KeyRange key, CompareResult result, long lease) => Of(key, CompareTarget.Lease, result, lease);

    /// <summary>The key's value compares so in byte order; never true of a missing key.</summary>
    public static Condition Value(KeyRange key, CompareResult result, Bytes value) => new(new Compare
    {
        Key = key.Key.Memory,
        RangeEnd = key.End.Memory,
        Target = CompareTarget.Value,
        Result = result,
        Value = value.Memory,
    });

    private static Condition Of(KeyRange key, CompareTarget target, CompareResult result, long number) => new(new Compare
    {
        Key = key.Key.Memory,
        RangeEnd = key.End.Memory,
        Target = target,
        Result = result,
        Number = number,
    });
}

/// <summary>An operation of a transaction's branch.</summary>
public sealed class Operation
{
    private Operation(RequestOp op) => Op = op;

    internal RequestOp Op { get; }

    /// <summary>A put.</summary>
    public static Operation Put(Bytes key, Bytes value, long lease = 0) => new(new RequestOp
    {
        Kind = RequestOpKind.Put,
        Put = new PutRequest { Key = key.Memory, Value = value.Memory, Lease = lease },
    });

    /// <summary>A range.</summary>
    public static Operation Get(KeyRange range, long limit = 0) => new(new RequestOp
    {
        Kind = RequestOpKind.Range,
        Range = new RangeRequest { Key = range.Key.Memory, RangeEnd = range.End.Memory, Limit = limit },
    });

    /// <summary>A deletion.</summary>
    public static Operation Delete(KeyRange range) => new(new RequestOp
    {
        Kind = RequestOpKind.DeleteRange,
        DeleteRange = new DeleteRangeRequest { Key = range.Key.Memory, RangeEnd = range.End.Memory },
    });

    /// <summary>A nested transaction; its conditions look at the state before the outermost one.</summary>
    public static Operation Nested(Transaction transaction)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        return new(new RequestOp { Kind = RequestOpKind.Txn, Txn = transaction.ToRequest() });
    }
}

/// <summary>Conditions, and what to do when all hold or when one does not; all in one revision, or not at all.</summary>
public sealed class Transaction
{
    private readonly EtcdStore? _store;
    private readonly List<Compare> _compare = [];
    private readonly List<RequestOp> _success = [];
    private readonly List<RequestOp> _failure = [];

    /// <summary>A transaction to nest into another; those to commit come from <see cref="EtcdStore.Txn"/>.</summary>
    public Transaction()
    {
    }

    internal Transaction(EtcdStore store) => _store = store;

    /// <summary>Adds conditions.</summary>
    public Transaction If(params ReadOnlySpan<Condition> conditions)
    {
        foreach (Condition condition in conditions)
        {
            _compare.Add(condition.Compare);
        }

        return this;
    }

    /// <summary>Adds operations for the case that all conditions hold.</summary>
    public Transaction Then(params ReadOnlySpan<Operation> operations)
    {
        foreach (Operation operation in operations)
        {
            _success.Add(operation.Op);
        }

        return this;
    }

    /// <summary>Adds operations for the case that a condition does not hold.</summary>
    public Transaction Else(params ReadOnlySpan<Operation> operations)
    {
        foreach (Operation operation in operations)
        {
            _failure.Add(operation.Op);
        }

        return this;
    }

    /// <summary>Runs it.</summary>
    /// <exception cref="EtcdException">It was refused, and nothing of it was applied.</exception>
    /// <exception cref="InvalidOperationException">It was made to be nested.</exception>
    public ValueTask<TxnResponse> CommitAsync(CancellationToken cancellation = default) => _store is null
        ? throw new InvalidOperationException("a transaction that is made to be nested is committed by the one around it")
        : _store.CommitAsync(ToRequest(), cancellation);

    internal TxnRequest ToRequest() => new() { Compare = [.. _compare], Success = [.. _success], Failure = [.. _failure] };
}

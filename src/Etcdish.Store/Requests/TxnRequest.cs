namespace Etcdish.Store;

/// <summary>How a compare compares (etcdserverpb.Compare.CompareResult); numbers are the wire's.</summary>
public enum CompareResult
{
    /// <summary>Equal.</summary>
    Equal = 0,

    /// <summary>The stored side is greater.</summary>
    Greater = 1,

    /// <summary>The stored side is less.</summary>
    Less = 2,

    /// <summary>Not equal.</summary>
    NotEqual = 3,
}

/// <summary>What a compare looks at (etcdserverpb.Compare.CompareTarget); numbers are the wire's.</summary>
public enum CompareTarget
{
    /// <summary>Version.</summary>
    Version = 0,

    /// <summary>Create revision.</summary>
    Create = 1,

    /// <summary>Mod revision.</summary>
    Mod = 2,

    /// <summary>Value.</summary>
    Value = 3,

    /// <summary>Lease.</summary>
    Lease = 4,
}

/// <summary>etcdserverpb.Compare: one condition of a transaction.</summary>
public sealed record Compare
{
    /// <summary>How to compare.</summary>
    public CompareResult Result { get; init; }

    /// <summary>What to compare.</summary>
    public CompareTarget Target { get; init; }

    /// <summary>Key, or first key of the range.</summary>
    public ReadOnlyMemory<byte> Key { get; init; }

    /// <summary>End of the range, by etcd's convention; every key in it must satisfy the compare.</summary>
    public ReadOnlyMemory<byte> RangeEnd { get; init; }

    /// <summary>Version, revision or lease to compare with, as the target says.</summary>
    public long Number { get; init; }

    /// <summary>Value to compare with, when the target is the value.</summary>
    public ReadOnlyMemory<byte> Value { get; init; }
}

/// <summary>Which operation a <see cref="RequestOp"/> holds.</summary>
public enum RequestOpKind
{
    /// <summary>No operation was set, which a transaction refuses.</summary>
    None = 0,

    /// <summary>A range.</summary>
    Range = 1,

    /// <summary>A put.</summary>
    Put = 2,

    /// <summary>A deletion.</summary>
    DeleteRange = 3,

    /// <summary>A nested transaction.</summary>
    Txn = 4,
}

/// <summary>etcdserverpb.RequestOp: one operation of a transaction's branch.</summary>
public sealed record RequestOp
{
    /// <summary>Which of the four is set.</summary>
    public RequestOpKind Kind { get; init; }

    /// <summary>The range, when the kind says so.</summary>
    public RangeRequest? Range { get; init; }

    /// <summary>The put, when the kind says so.</summary>
    public PutRequest Put { get; init; }

    /// <summary>The deletion, when the kind says so.</summary>
    public DeleteRangeRequest DeleteRange { get; init; }

    /// <summary>The nested transaction, when the kind says so.</summary>
    public TxnRequest? Txn { get; init; }
}

/// <summary>etcdserverpb.TxnRequest: conditions, and what to do when all hold or when one does not.</summary>
public sealed record TxnRequest
{
    /// <summary>Conditions, ANDed; none means true.</summary>
    public IReadOnlyList<Compare> Compare { get; init; } = [];

    /// <summary>Operations when all conditions hold.</summary>
    public IReadOnlyList<RequestOp> Success { get; init; } = [];

    /// <summary>Operations when one does not hold.</summary>
    public IReadOnlyList<RequestOp> Failure { get; init; } = [];

    /// <summary>The operations that run when the compares hold, or do not.</summary>
    internal IReadOnlyList<RequestOp> Branch(bool holds) => holds ? Success : Failure;
}

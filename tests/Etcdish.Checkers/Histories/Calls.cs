using System.Text.Json.Serialization;

namespace Etcdish.Checkers;

/// <summary>What a client asked for.</summary>
[JsonDerivedType(typeof(PutCall), "put")]
[JsonDerivedType(typeof(RangeCall), "range")]
[JsonDerivedType(typeof(DeleteCall), "delete")]
[JsonDerivedType(typeof(TxnCall), "txn")]
[JsonDerivedType(typeof(CompactCall), "compact")]
[JsonDerivedType(typeof(GrantCall), "grant")]
[JsonDerivedType(typeof(RevokeCall), "revoke")]
[JsonDerivedType(typeof(KeepAliveCall), "keepalive")]
public abstract record Call
{
    /// <summary>Whether it could change the store at all; a delete of nothing could have.</summary>
    [JsonIgnore]
    public virtual bool MayWrite => false;
}

public sealed record PutCall(string Key, string Value, long Lease = 0, bool PrevKv = false) : Call
{
    public override bool MayWrite => true;

    public override string ToString() => $"put {Key}={Value}{(Lease == 0 ? "" : $" lease {Lease}")}";
}

public sealed record RangeCall(KeyRange Keys) : Call
{
    /// <summary>0 means now.</summary>
    public long Revision { get; init; }

    /// <summary>0 means no limit.</summary>
    public long Limit { get; init; }

    public SortTarget SortTarget { get; init; }

    public SortOrder SortOrder { get; init; }

    public bool Serializable { get; init; }

    public bool KeysOnly { get; init; }

    public bool CountOnly { get; init; }

    public override string ToString()
    {
        string revision = Revision == 0 ? "" : $" at revision {Revision}";
        string limit = Limit == 0 ? "" : $" limit {Limit}";
        string sort = SortOrder == SortOrder.None ? "" : $" by {SortTarget} {SortOrder}";
        return $"{(Serializable ? "serializable " : "")}range {Keys}{revision}{limit}{sort}";
    }
}

public sealed record DeleteCall(KeyRange Keys, bool PrevKv = false) : Call
{
    public override bool MayWrite => true;

    public override string ToString() => $"delete {Keys}";
}

public sealed record TxnCall(IReadOnlyList<Compare> Compares, IReadOnlyList<Call> Success, IReadOnlyList<Call> Failure) : Call
{
    public override bool MayWrite => Success.Any(call => call.MayWrite) || Failure.Any(call => call.MayWrite);

    public override string ToString() =>
        $"txn if [{string.Join(", ", Compares)}] then [{string.Join(", ", Success)}] else [{string.Join(", ", Failure)}]";
}

public sealed record CompactCall(long Revision) : Call
{
    public override string ToString() => $"compact {Revision}";
}

/// <summary>The id is chosen by the client and never used twice in a history.</summary>
public sealed record GrantCall(long Lease, long Seconds) : Call
{
    public override string ToString() => $"grant lease {Lease} for {Seconds} s";
}

public sealed record RevokeCall(long Lease) : Call
{
    public override bool MayWrite => true;

    public override string ToString() => $"revoke lease {Lease}";
}

public sealed record KeepAliveCall(long Lease) : Call
{
    public override string ToString() => $"keep lease {Lease} alive";
}

/// <summary>One condition of a transaction. <paramref name="Value"/> is used by the target Value, the number by all others.</summary>
public sealed record Compare(string Key, CompareTarget Target, CompareResult Result, long Number = 0, string? Value = null)
{
    public override string ToString()
    {
        string sign = Result switch
        {
            CompareResult.Equal => "=",
            CompareResult.NotEqual => "!=",
            CompareResult.Greater => ">",
            _ => "<",
        };
        return $"{Target}({Key}) {sign} {(Target == CompareTarget.Value ? Value : Number)}";
    }
}

public enum CompareTarget
{
    Version,
    Create,
    Mod,
    Value,
    Lease,
}

public enum CompareResult
{
    Equal,
    Greater,
    Less,
    NotEqual,
}

public enum SortTarget
{
    Key,
    Version,
    Create,
    Mod,
    Value,
}

public enum SortOrder
{
    None,
    Ascend,
    Descend,
}

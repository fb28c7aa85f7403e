namespace Etcdish.Store;

/// <summary>etcdserverpb.PutRequest. Memory fields are slices of the request's bytes.</summary>
public readonly record struct PutRequest
{
    /// <summary>Key, not empty.</summary>
    public ReadOnlyMemory<byte> Key { get; init; }

    /// <summary>Value.</summary>
    public ReadOnlyMemory<byte> Value { get; init; }

    /// <summary>Lease to attach to, 0 for none.</summary>
    public long Lease { get; init; }

    /// <summary>Whether the old pair is returned.</summary>
    public bool PrevKv { get; init; }

    /// <summary>Whether the old value stays.</summary>
    public bool IgnoreValue { get; init; }

    /// <summary>Whether the old lease stays.</summary>
    public bool IgnoreLease { get; init; }
}

/// <summary>etcdserverpb.DeleteRangeRequest. Memory fields are slices of the request's bytes.</summary>
public readonly record struct DeleteRangeRequest
{
    /// <summary>First key.</summary>
    public ReadOnlyMemory<byte> Key { get; init; }

    /// <summary>End of the range, by etcd's convention (see <see cref="RangeRequest"/>).</summary>
    public ReadOnlyMemory<byte> RangeEnd { get; init; }

    /// <summary>Whether the deleted pairs are returned.</summary>
    public bool PrevKv { get; init; }
}

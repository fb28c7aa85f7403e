namespace Etcdish.Store;

/// <summary>Order of a range's answer (etcdserverpb.RangeRequest.SortOrder); numbers are the wire's.</summary>
public enum SortOrder
{
    /// <summary>Key order, or ascending when a sort target other than the key is given.</summary>
    None = 0,

    /// <summary>Lowest first.</summary>
    Ascend = 1,

    /// <summary>Highest first.</summary>
    Descend = 2,
}

/// <summary>What a range is sorted by (etcdserverpb.RangeRequest.SortTarget); numbers are the wire's.</summary>
public enum SortTarget
{
    /// <summary>The key.</summary>
    Key = 0,

    /// <summary>The version.</summary>
    Version = 1,

    /// <summary>The create revision.</summary>
    Create = 2,

    /// <summary>The mod revision.</summary>
    Mod = 3,

    /// <summary>The value.</summary>
    Value = 4,
}

/// <summary>
/// etcdserverpb.RangeRequest. Memory fields are slices of the request's bytes. <see cref="RangeEnd"/> follows the convention that all of
/// etcd shares: empty is the single key, one zero byte is "from the key on", otherwise half-open.
/// </summary>
public sealed record RangeRequest
{
    /// <summary>First key.</summary>
    public ReadOnlyMemory<byte> Key { get; init; }

    /// <summary>End of the range, by etcd's convention.</summary>
    public ReadOnlyMemory<byte> RangeEnd { get; init; }

    /// <summary>Most pairs to return; 0 or less is no limit.</summary>
    public long Limit { get; init; }

    /// <summary>Revision to read at; 0 or less is now.</summary>
    public long Revision { get; init; }

    /// <summary>Order of the answer; an unknown number is refused with InvalidSortOption.</summary>
    public SortOrder SortOrder { get; init; }

    /// <summary>What to sort by; an unknown number is refused with InvalidSortOption.</summary>
    public SortTarget SortTarget { get; init; }

    /// <summary>Whether a local, possibly stale state will do.</summary>
    public bool Serializable { get; init; }

    /// <summary>Whether values are left out.</summary>
    public bool KeysOnly { get; init; }

    /// <summary>Whether only the count is wanted.</summary>
    public bool CountOnly { get; init; }

    /// <summary>Least mod revision, 0 for no bound.</summary>
    public long MinModRevision { get; init; }

    /// <summary>Greatest mod revision, 0 for no bound.</summary>
    public long MaxModRevision { get; init; }

    /// <summary>Least create revision, 0 for no bound.</summary>
    public long MinCreateRevision { get; init; }

    /// <summary>Greatest create revision, 0 for no bound.</summary>
    public long MaxCreateRevision { get; init; }

    /// <summary>Whether the order is the index's own, so that a limit can be applied while reading.</summary>
    internal bool HasDefaultOrder => SortOrder == SortOrder.None || (SortTarget == SortTarget.Key && SortOrder == SortOrder.Ascend);

    /// <summary>Whether a bound on mod or create revision is set.</summary>
    internal bool HasRevisionFilters => (MinModRevision | MaxModRevision | MinCreateRevision | MaxCreateRevision) != 0;

    /// <summary>Whether a version lies within the bounds.</summary>
    internal bool PassesRevisionFilters(KeyRevision version) =>
        (MaxModRevision == 0 || version.ModRevision <= MaxModRevision)
        && (MinModRevision == 0 || version.ModRevision >= MinModRevision)
        && (MaxCreateRevision == 0 || version.CreateRevision <= MaxCreateRevision)
        && (MinCreateRevision == 0 || version.CreateRevision >= MinCreateRevision);
}

namespace Etcdish.Store;

/// <summary>
/// One version of one key: what a put or a delete left behind. Immutable to readers but for two links that maintenance may change under
/// the index's write lock: <see cref="Value"/> moves when the collector rewrites a segment, and <see cref="Previous"/> is cut by compaction.
/// It is at once the index's entry, the watch event and (through <see cref="Previous"/>) the event's previous pair.
/// </summary>
public sealed class KeyRevision
{
    /// <summary>The key; all revisions of a key share one array, which is never written to.</summary>
    public required byte[] Key { get; init; }

    /// <summary>Main revision of the operation that wrote this version, at least 2.</summary>
    public required long ModRevision { get; init; }

    /// <summary>Position of this change among the changes of its operation, from 0.</summary>
    public required int SubRevision { get; init; }

    /// <summary>Revision of the put that created the key's present life; 0 for a tombstone.</summary>
    public long CreateRevision { get; init; }

    /// <summary>Number of puts since creation, from 1; 0 for a tombstone.</summary>
    public long Version { get; init; }

    /// <summary>Lease that the key is attached to, 0 for none.</summary>
    public long Lease { get; init; }

    /// <summary>Where the value's bytes are; default for a tombstone.</summary>
    public ValueReference Value { get; set; }

    /// <summary>The version before this one (perhaps a tombstone), or null when there is none or it was compacted.</summary>
    public KeyRevision? Previous { get; set; }

    /// <summary>Whether this version is a deletion.</summary>
    public bool IsTombstone => Version == 0;
}

namespace Etcdish.Store;

/// <summary>
/// One version of one key: what a put or a delete left behind. Immutable to readers but for two links, both of which change atomically:
/// the place of <see cref="Value"/> moves when the collector rewrites a segment (length and checksum stay), and <see cref="Previous"/> is
/// cut by compaction. It is at once the index's entry, the watch event and (through <see cref="Previous"/>) the event's previous pair.
/// </summary>
public sealed class KeyRevision
{
    private readonly int _valueLength;
    private readonly uint _valueChecksum;
    private ulong _valuePlace;

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

    /// <summary>
    /// Where the value's bytes are; default for a tombstone. Read it once per use inside a <see cref="ReadScope"/>: a later read may name
    /// another place with the same bytes.
    /// </summary>
    public ValueReference Value
    {
        get
        {
            var place = Volatile.Read(ref _valuePlace);
            return new ValueReference((uint)(place >> 32), (uint)place, _valueLength, _valueChecksum);
        }

        init
        {
            _valuePlace = PlaceOf(value);
            _valueLength = value.Length;
            _valueChecksum = value.Checksum;
        }
    }

    /// <summary>The version before this one (perhaps a tombstone), or null when there is none or it was compacted.</summary>
    public KeyRevision? Previous { get; internal set; }

    /// <summary>Length of the value in bytes, which never changes.</summary>
    public int ValueLength => _valueLength;

    /// <summary>Whether this version is a deletion.</summary>
    public bool IsTombstone => Version == 0;

    /// <summary>The version of this key that a reader at <paramref name="revision"/> sees, given the newest one; null when none.</summary>
    internal KeyRevision? VisibleAt(long revision)
    {
        var version = this;
        while (version is not null && version.ModRevision > revision)
        {
            version = version.Previous;
        }

        return version is null || version.IsTombstone ? null : version;
    }

    /// <summary>Points to a copy of the same bytes. One store of 64 bits, so readers see one place or the other.</summary>
    internal void MoveValue(in ValueReference copy) => Volatile.Write(ref _valuePlace, PlaceOf(copy));

    private static ulong PlaceOf(in ValueReference value) => ((ulong)value.Segment << 32) | value.Offset;
}

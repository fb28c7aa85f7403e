namespace Etcdish.Store;

/// <summary>
/// Payload of an <see cref="EntryKind.Import"/> entry: a piece of another store's state. Version 1.
/// </summary>
/// <remarks>
/// An import is one or more entries from the log's first on, their parts in rising order; each part may come in several entries, the end
/// in one. Numbers are protobuf's varints; a negative one takes ten bytes. Nothing follows the last field.
/// <code>
/// Head                      1 byte   format version, 1
///                           1 byte   part: 1 versions, 2 leases, 3 end
/// Versions, repeated        varint   mod revision, 2 or more; (mod, sub) rises through the whole import
///                           varint   sub-revision * 2, plus 1 for a tombstone
///                           varint   key length K, then K bytes
///   unless a tombstone      varint   create revision
///                           varint   version
///                           varint   lease ID, 0 for none
///                           varint   value length V, then V bytes
/// Leases, repeated          varint   lease ID
///                           varint   TTL as granted, seconds
///                           varint   seconds that were left, 0 when the full TTL counts
/// End                       varint   current revision
///                           varint   compacted revision, -1 for none
///                           varint   number of versions in all entries
///                           varint   number of leases in all entries
///   repeated                varint   member ID of an alarm
///                           varint   kind of the alarm
/// </code>
/// </remarks>
internal static class ImportFormat
{
    public const byte Version = 1;
    public const int HeadBytes = 2;
    public const int MaxVarintBytes = 10;
}

/// <summary>What an import entry holds.</summary>
public enum ImportPart : byte
{
    /// <summary>Versions of keys, in the order of their revisions.</summary>
    Versions = 1,

    /// <summary>Leases.</summary>
    Leases = 2,

    /// <summary>Revisions, counts and alarms: what makes the imported state visible.</summary>
    End = 3,
}

/// <summary>One version of one key, as it was in another store.</summary>
/// <param name="ModRevision">Main revision of the operation that wrote it, 2 or more.</param>
/// <param name="SubRevision">Position among the changes of that operation, from 0.</param>
/// <param name="IsTombstone">Whether it is a deletion; then only <paramref name="Key"/> counts of what follows.</param>
/// <param name="Key">The key, not empty.</param>
/// <param name="CreateRevision">Revision of the put that created the key's life.</param>
/// <param name="Version">Puts since creation, from 1.</param>
/// <param name="Lease">Lease that the key was attached to, 0 for none.</param>
/// <param name="Value">The value.</param>
public readonly record struct ImportedVersion(
    long ModRevision,
    int SubRevision,
    bool IsTombstone,
    ReadOnlyMemory<byte> Key,
    long CreateRevision,
    long Version,
    long Lease,
    ReadOnlyMemory<byte> Value);

/// <summary>How an import ends.</summary>
/// <param name="Revision">Current revision: the last version's, or a later one.</param>
/// <param name="CompactedRevision">Compacted revision, -1 for none.</param>
/// <param name="Versions">How many versions the import holds.</param>
/// <param name="Leases">How many leases it holds.</param>
/// <param name="Alarms">The alarms that are raised.</param>
public sealed record ImportEnd(long Revision, long CompactedRevision, long Versions, long Leases, IReadOnlyList<AlarmMember> Alarms);

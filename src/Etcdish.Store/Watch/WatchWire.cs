namespace Etcdish.Store;

/// <summary>
/// Writes what a watch sends, byte for byte. Fields of value 0, false or empty are left out.
/// <code>
/// WatchResponse   1 header message, 2 watch_id int64, 3 created bool, 4 canceled bool, 5 compact_revision int64,
///                 6 cancel_reason string, 7 fragment bool, 11 events message (repeated)
/// ResponseHeader  1 cluster_id uint64, 2 member_id uint64, 3 revision int64, 4 raft_term uint64
/// Event           1 type enum (PUT 0, DELETE 1), 2 kv message, 3 prev_kv message
/// KeyValue        1 key bytes, 2 create_revision int64, 3 mod_revision int64, 4 version int64, 5 value bytes, 6 lease int64
/// </code>
/// </summary>
internal static class WatchWire
{
    public const int EventsField = 11;
    public const int EventKvField = 2;
    public const int EventPrevKvField = 3;
    public const int ReasonField = 6;

    /// <summary>Writes mvccpb.KeyValue and leaves room for the value.</summary>
    /// <param name="to">At least as many bytes as <see cref="KeyValueEncoder.Size"/> says.</param>
    /// <param name="version">The version to write.</param>
    /// <param name="valueLength">Length of the value's bytes.</param>
    /// <param name="valueOffset">Where in <paramref name="to"/> the value's bytes belong.</param>
    public static int WriteKeyValue(Span<byte> to, KeyRevision version, int valueLength, out int valueOffset)
    {
        int at = ProtoFields.WriteLength(to, 1, version.Key.Length);
        version.Key.CopyTo(to[at..]);
        at += version.Key.Length;
        at += ProtoFields.Write(to[at..], 2, (ulong)version.CreateRevision);
        at += ProtoFields.Write(to[at..], 3, (ulong)version.ModRevision);
        at += ProtoFields.Write(to[at..], 4, (ulong)version.Version);
        if (valueLength != 0)
            at += ProtoFields.WriteLength(to[at..], 5, valueLength);
        valueOffset = at;
        at += valueLength;
        return at + ProtoFields.Write(to[at..], 6, (ulong)version.Lease);
    }
}

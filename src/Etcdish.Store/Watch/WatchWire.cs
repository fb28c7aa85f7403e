using System.Numerics;

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
    public const byte EventsTag = 11 << 3 | 2;
    public const byte EventKvTag = 2 << 3 | 2;
    public const byte EventPrevKvTag = 3 << 3 | 2;
    public const byte ReasonTag = 6 << 3 | 2;
    private const byte KeyTag = 1 << 3 | 2;
    private const byte ValueTag = 5 << 3 | 2;

    /// <summary>Bytes that a varint takes, 1 to 10.</summary>
    public static int VarintSize(ulong value) => (BitOperations.Log2(value | 1) * 9 + 73) / 64;

    public static int WriteVarint(Span<byte> to, ulong value)
    {
        int at = 0;
        for (; value >= 0x80; value >>= 7)
            to[at++] = (byte)(value | 0x80);
        to[at++] = (byte)value;
        return at;
    }

    /// <summary>Size of a varint field with a one-byte tag; nothing when it is 0.</summary>
    public static int FieldSize(ulong value) => value == 0 ? 0 : 1 + VarintSize(value);

    /// <summary>Writes a varint field with a one-byte tag; nothing when it is 0.</summary>
    public static int WriteField(Span<byte> to, int field, ulong value)
    {
        if (value == 0)
            return 0;

        to[0] = (byte)(field << 3);
        return 1 + WriteVarint(to[1..], value);
    }

    /// <summary>Size of a bytes or message field with a one-byte tag.</summary>
    public static int BytesFieldSize(int length) => 1 + VarintSize((ulong)length) + length;

    /// <summary>Writes the tag and the length of a bytes or message field.</summary>
    public static int WriteBytesHead(Span<byte> to, byte tag, int length)
    {
        to[0] = tag;
        return 1 + WriteVarint(to[1..], (ulong)length);
    }

    /// <summary>Size of mvccpb.KeyValue; of a deletion only the key and the revision are told.</summary>
    public static int KeyValueSize(KeyRevision version, int valueLength) =>
        BytesFieldSize(version.Key.Length)
        + FieldSize((ulong)version.CreateRevision)
        + FieldSize((ulong)version.ModRevision)
        + FieldSize((ulong)version.Version)
        + (valueLength == 0 ? 0 : BytesFieldSize(valueLength))
        + FieldSize((ulong)version.Lease);

    /// <summary>Writes mvccpb.KeyValue and leaves room for the value.</summary>
    /// <param name="to">At least <see cref="KeyValueSize"/> bytes.</param>
    /// <param name="version">The version to write.</param>
    /// <param name="valueLength">Length of the value's bytes.</param>
    /// <param name="valueOffset">Where in <paramref name="to"/> the value's bytes belong.</param>
    public static int WriteKeyValue(Span<byte> to, KeyRevision version, int valueLength, out int valueOffset)
    {
        int at = WriteBytesHead(to, KeyTag, version.Key.Length);
        version.Key.CopyTo(to[at..]);
        at += version.Key.Length;
        at += WriteField(to[at..], 2, (ulong)version.CreateRevision);
        at += WriteField(to[at..], 3, (ulong)version.ModRevision);
        at += WriteField(to[at..], 4, (ulong)version.Version);
        if (valueLength != 0)
            at += WriteBytesHead(to[at..], ValueTag, valueLength);
        valueOffset = at;
        at += valueLength;
        return at + WriteField(to[at..], 6, (ulong)version.Lease);
    }
}

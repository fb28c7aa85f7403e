using System.Buffers.Binary;

namespace Etcdish.Cluster;

/// <summary>
/// Payload of a <see cref="LocalRecordKind.SnapshotPart"/> record: session (8), number (8), both little endian, then the payload of an
/// import's entry. What a leader sent of its state; the values that this member will have lie in it.
/// </summary>
internal static class SnapshotPartRecord
{
    public const int HeaderBytes = 16;

    public static byte[] Encode(ulong session, ulong number, ReadOnlySpan<byte> part)
    {
        byte[] record = new byte[HeaderBytes + part.Length];
        BinaryPrimitives.WriteUInt64LittleEndian(record, session);
        BinaryPrimitives.WriteUInt64LittleEndian(record.AsSpan(8), number);
        part.CopyTo(record.AsSpan(HeaderBytes));
        return record;
    }

    /// <exception cref="InvalidDataException">The record is too short: an impossible state behind a valid checksum.</exception>
    public static (ulong Session, ulong Number) Decode(ReadOnlySpan<byte> record) => record.Length > HeaderBytes
        ? (BinaryPrimitives.ReadUInt64LittleEndian(record), BinaryPrimitives.ReadUInt64LittleEndian(record[8..]))
        : throw new InvalidDataException($"a part of a snapshot with {record.Length} bytes");
}

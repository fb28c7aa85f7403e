using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using Etcdish.Store;

namespace Etcdish.Server.Services;

/// <summary>
/// The hash by which members are compared, made as etcd makes it: CRC32C of the bucket's name "key", then of every retained change as etcd
/// would store it: 17 bytes of revision (18 with the mark of a tombstone) and the KeyValue message.
/// </summary>
internal static class StoreHash
{
    private const int RevisionBytes = 17;
    private const byte TombstoneMark = (byte)'t';

    /// <summary>Hashes; a tombstone at the compacted revision is passed over, as members may differ in when they drop it.</summary>
    public static uint Compute(RetainedRevisions retained, IValueSource values)
    {
        uint crc = Append(uint.MaxValue, "key"u8);
        Span<byte> revision = stackalloc byte[RevisionBytes + 1];
        var message = new ArrayBufferWriter<byte>();
        foreach (KeyRevision change in retained.Changes)
        {
            if (change.IsTombstone && change.ModRevision <= retained.CompactedRevision)
            {
                continue;
            }

            BinaryPrimitives.WriteInt64BigEndian(revision, change.ModRevision);
            revision[8] = (byte)'_';
            BinaryPrimitives.WriteInt64BigEndian(revision[9..], change.SubRevision);
            revision[RevisionBytes] = TombstoneMark;
            crc = Append(crc, revision[..(change.IsTombstone ? RevisionBytes + 1 : RevisionBytes)]);
            message.ResetWrittenCount();
            Write(message, change, values);
            crc = Append(crc, message.WrittenSpan);
        }

        return ~crc;
    }

    // etcd stores of a deletion the key alone; the revision is in the bucket's key.
    private static void Write(ArrayBufferWriter<byte> message, KeyRevision change, IValueSource values)
    {
        if (change.IsTombstone)
        {
            WireWriter.BeginField(message, 1, change.Key.Length);
            message.Write(change.Key);
        }
        else
        {
            KeyValueEncoder.Write(message, change, values);
        }
    }

    private static uint Append(uint crc, ReadOnlySpan<byte> bytes)
    {
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        }

        foreach (byte b in bytes)
        {
            crc = BitOperations.Crc32C(crc, b);
        }

        return crc;
    }
}

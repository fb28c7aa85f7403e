using System.Buffers;
using System.Buffers.Binary;
using Etcdish.Log;
using Etcdish.Store;

namespace Etcdish.Cluster;

/// <summary>
/// Payload of a <see cref="LocalRecordKind.Relocation"/> record: values copied out of segments that are to be deleted, each with the
/// version it belongs to. Replaying the log applies it again, so a copy is found whichever checkpoint recovery starts from.
/// </summary>
/// <remarks>
/// Repeated, little endian, without padding:
/// <code>
/// offset  size  field
/// 0       8     mod revision
/// 8       4     sub-revision
/// 12      4     key length K
/// 16      4     value length V
/// 20      K     key
/// 20+K    V     value
/// </code>
/// </remarks>
internal static class RelocationRecord
{
    private const int HeaderBytes = 20;

    /// <summary>Bytes that one value takes in the record.</summary>
    public static int SizeOf(KeyRevision version) => HeaderBytes + version.Key.Length + version.Value.Length;

    /// <summary>Copies one version's value to the end of a record that is being built.</summary>
    /// <exception cref="DamagedValueException">The value does not match its checksum.</exception>
    public static void Add(IBufferWriter<byte> record, KeyRevision version, IValueSource values)
    {
        int size = SizeOf(version);
        Span<byte> span = record.GetSpan(size)[..size];
        BinaryPrimitives.WriteInt64LittleEndian(span, version.ModRevision);
        BinaryPrimitives.WriteInt32LittleEndian(span[8..], version.SubRevision);
        BinaryPrimitives.WriteInt32LittleEndian(span[12..], version.Key.Length);
        BinaryPrimitives.WriteInt32LittleEndian(span[16..], version.Value.Length);
        version.Key.CopyTo(span[HeaderBytes..]);
        values.Read(version.Value, span[(HeaderBytes + version.Key.Length)..]);
        record.Advance(size);
    }

    /// <summary>Makes the versions that still exist point into this record; those compacted since are passed over.</summary>
    /// <param name="store">The store to change.</param>
    /// <param name="payload">The record's payload.</param>
    /// <param name="position">Where the payload lies.</param>
    /// <exception cref="InvalidDataException">The payload is not of this form: an impossible state behind a valid checksum.</exception>
    public static void Apply(RevisionStore store, ReadOnlyMemory<byte> payload, LogPosition position)
    {
        ReadOnlySpan<byte> rest = payload.Span;
        uint offset = position.Offset;
        while (rest.Length > 0)
        {
            int size = ApplyOne(store, rest, position.Segment, offset);
            rest = rest[size..];
            offset += (uint)size;
        }
    }

    private static int ApplyOne(RevisionStore store, ReadOnlySpan<byte> rest, uint segment, uint offset)
    {
        if (rest.Length < HeaderBytes)
        {
            throw new InvalidDataException("a relocation record ends inside a header");
        }

        long modRevision = BinaryPrimitives.ReadInt64LittleEndian(rest);
        int subRevision = BinaryPrimitives.ReadInt32LittleEndian(rest[8..]);
        int keyLength = BinaryPrimitives.ReadInt32LittleEndian(rest[12..]);
        int valueLength = BinaryPrimitives.ReadInt32LittleEndian(rest[16..]);
        long size = (long)HeaderBytes + keyLength + valueLength;
        if (keyLength < 0 || valueLength < 0 || size > rest.Length)
        {
            throw new InvalidDataException("a relocation record holds a length past its end");
        }

        KeyRevision? version = store.FindVersion(rest.Slice(HeaderBytes, keyLength), modRevision, subRevision);
        if (version is not null)
        {
            uint place = offset + (uint)(HeaderBytes + keyLength);
            store.Relocate(version, new ValueReference(segment, place, valueLength, version.Value.Checksum));
        }

        return (int)size;
    }
}

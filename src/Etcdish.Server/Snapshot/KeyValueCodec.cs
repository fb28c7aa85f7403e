using Etcdish.Store;

namespace Etcdish.Server.Snapshot;

/// <summary>
/// mvccpb.KeyValue {key = 1, create_revision = 2, mod_revision = 3, version = 4, value = 5, lease = 6} as etcd stores it: fields in order,
/// zeros left out, and of a tombstone nothing but the key.
/// </summary>
internal static class KeyValueCodec
{
    private const int KeyField = 1;
    private const int CreateRevisionField = 2;
    private const int ModRevisionField = 3;
    private const int VersionField = 4;
    private const int ValueField = 5;
    private const int LeaseField = 6;

    /// <summary>Length of the encoded message; needs the value's length only.</summary>
    /// <exception cref="OverflowException">It does not fit into 2 GiB.</exception>
    public static int Size(KeyRevision revision)
    {
        int key = checked(BytesFieldSize(revision.Key.Length));
        if (revision.IsTombstone)
            return key;
        return checked(key + Varint.FieldSize(revision.CreateRevision) + Varint.FieldSize(revision.ModRevision)
            + Varint.FieldSize(revision.Version) + BytesFieldSize(revision.Value.Length) + Varint.FieldSize(revision.Lease));
    }

    /// <summary>Encodes a revision, reading its value straight into place.</summary>
    /// <param name="destination">Exactly <see cref="Size"/> bytes.</param>
    /// <param name="revision">What to encode.</param>
    /// <param name="values">Where its value is.</param>
    public static void Write(Span<byte> destination, KeyRevision revision, IValueSource values)
    {
        destination = WriteTag(destination, KeyField, revision.Key.Length);
        revision.Key.CopyTo(destination);
        destination = destination[revision.Key.Length..];
        if (!revision.IsTombstone)
        {
            destination = Varint.WriteField(destination, CreateRevisionField, revision.CreateRevision);
            destination = Varint.WriteField(destination, ModRevisionField, revision.ModRevision);
            destination = Varint.WriteField(destination, VersionField, revision.Version);
            ValueReference value = revision.Value;
            if (value.Length > 0)
            {
                destination = WriteTag(destination, ValueField, value.Length);
                values.Read(in value, destination[..value.Length]);
                destination = destination[value.Length..];
            }

            destination = Varint.WriteField(destination, LeaseField, revision.Lease);
        }

        if (!destination.IsEmpty)
            throw new InvalidOperationException("A key's revision changed while it was written to a snapshot.");
    }

    /// <summary>Decodes; false when the bytes are no such message. Unknown fields are skipped, as protobuf asks.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> message, out SnapshotKeyValue result)
    {
        result = default;
        var fields = new ProtoFieldReader(message);
        while (fields.MoveNext())
            result = Set(result, fields);
        return !fields.IsDamaged;
    }

    private static SnapshotKeyValue Set(SnapshotKeyValue kv, in ProtoFieldReader field) => field.Tag switch
    {
        (KeyField << 3) | Varint.WireBytes => kv with { Key = field.Bytes },
        (CreateRevisionField << 3) | Varint.WireVarint => kv with { CreateRevision = field.Number },
        (ModRevisionField << 3) | Varint.WireVarint => kv with { ModRevision = field.Number },
        (VersionField << 3) | Varint.WireVarint => kv with { Version = field.Number },
        (ValueField << 3) | Varint.WireBytes => kv with { Value = field.Bytes },
        (LeaseField << 3) | Varint.WireVarint => kv with { Lease = field.Number },
        _ => kv,
    };

    private static int BytesFieldSize(int length) => length == 0 ? 0 : checked(1 + Varint.Size((ulong)length) + length);

    private static Span<byte> WriteTag(Span<byte> destination, int field, int length)
    {
        destination[0] = (byte)((field << 3) | Varint.WireBytes);
        return Varint.Write(destination[1..], (ulong)length);
    }
}

/// <summary>A decoded mvccpb.KeyValue; the memories share the buffer that was decoded.</summary>
/// <param name="Key">The key; empty only in the marker of a bumped revision.</param>
/// <param name="CreateRevision">Revision of the put that created the key's life.</param>
/// <param name="ModRevision">Revision of this put; 0 in a tombstone.</param>
/// <param name="Version">Puts since creation; 0 in a tombstone.</param>
/// <param name="Value">The value.</param>
/// <param name="Lease">Lease ID, 0 for none.</param>
internal readonly record struct SnapshotKeyValue(
    ReadOnlyMemory<byte> Key, long CreateRevision, long ModRevision, long Version, ReadOnlyMemory<byte> Value, long Lease);

using System.Buffers;

namespace Etcdish.Store;

/// <summary>What of a key-value pair is left out.</summary>
[Flags]
public enum KeyValueParts
{
    /// <summary>All is written.</summary>
    All = 0,

    /// <summary>The value is left out.</summary>
    OmitValue = 1,

    /// <summary>The lease is left out.</summary>
    OmitLease = 2,
}

/// <summary>
/// Encodes mvccpb.KeyValue: key=1 create_revision=2 mod_revision=3 version=4 value=5 lease=6. The size is known before the value is read,
/// and the value goes from the log straight into the output.
/// </summary>
public static class KeyValueEncoder
{
    /// <summary>Bytes of the message.</summary>
    /// <param name="version">The version.</param>
    /// <param name="parts">What is left out.</param>
    public static int Size(KeyRevision version, KeyValueParts parts = KeyValueParts.All)
    {
        ArgumentNullException.ThrowIfNull(version);
        var valueLength = (parts & KeyValueParts.OmitValue) != 0 ? 0 : version.ValueLength;
        return ProtoFields.SizeOf(version.Key)
            + ProtoFields.SizeOf(version.CreateRevision)
            + ProtoFields.SizeOf(version.ModRevision)
            + ProtoFields.SizeOf(version.Version)
            + (valueLength == 0 ? 0 : ProtoFields.LengthDelimitedSize(valueLength))
            + ((parts & KeyValueParts.OmitLease) != 0 ? 0 : ProtoFields.SizeOf(version.Lease));
    }

    /// <summary>Writes the message.</summary>
    /// <param name="output">Receives the bytes.</param>
    /// <param name="version">The version.</param>
    /// <param name="values">Gives the value; the caller is inside a <see cref="ReadScope"/> of it.</param>
    /// <param name="parts">What is left out.</param>
    public static void Write(IBufferWriter<byte> output, KeyRevision version, IValueSource values, KeyValueParts parts = KeyValueParts.All)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(version);
        ArgumentNullException.ThrowIfNull(values);
        ProtoFields.Write(output, 1, version.Key);
        ProtoFields.Write(output, 2, version.CreateRevision);
        ProtoFields.Write(output, 3, version.ModRevision);
        ProtoFields.Write(output, 4, version.Version);
        if ((parts & KeyValueParts.OmitValue) == 0 && version.ValueLength > 0)
        {
            ProtoFields.WriteLength(output, 5, version.ValueLength);
            values.Read(version.Value, output.GetSpan(version.ValueLength)[..version.ValueLength]);
            output.Advance(version.ValueLength);
        }

        if ((parts & KeyValueParts.OmitLease) == 0)
        {
            ProtoFields.Write(output, 6, version.Lease);
        }
    }

    /// <summary>Bytes of the message as a field with a number below 16.</summary>
    internal static int FieldSize(KeyRevision version, KeyValueParts parts = KeyValueParts.All) =>
        ProtoFields.LengthDelimitedSize(Size(version, parts));

    /// <summary>Writes the message as a field with a number below 16.</summary>
    internal static void WriteField(
        IBufferWriter<byte> output, int field, KeyRevision version, IValueSource values, KeyValueParts parts = KeyValueParts.All)
    {
        ProtoFields.WriteLength(output, field, Size(version, parts));
        Write(output, version, values, parts);
    }
}

using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Etcdish.Interop;

/// <summary>
/// Serialized protobuf as text without its schema, so that two answers can be compared and read. The response header (field 1) loses
/// cluster id, member id and raft term.
/// </summary>
internal static class ProtobufText
{
    private const int HeaderField = 1;
    private const int RevisionField = 3;

    public static string Describe(byte[] message)
    {
        var text = new StringBuilder();
        int position = 0;
        while (position < message.Length)
        {
            (int field, string value) = Next(message, ref position, out byte[]? content);
            text.Append(field).Append(": ").AppendLine(field == HeaderField && content is not null ? Header(content) : value);
        }

        return text.ToString();
    }

    private static string Header(byte[] header)
    {
        int position = 0;
        while (position < header.Length)
        {
            (int field, string value) = Next(header, ref position, out _);
            if (field == RevisionField)
                return $"header with revision {value}";
        }

        return "header without revision";
    }

    private static (int Field, string Value) Next(byte[] message, ref int position, out byte[]? content)
    {
        content = null;
        ulong tag = Varint(message, ref position);
        int field = (int)(tag >> 3);
        switch (tag & 7)
        {
            case 0:
                return (field, Varint(message, ref position).ToString(CultureInfo.InvariantCulture));
            case 1:
                position += 8;
                ulong number = BinaryPrimitives.ReadUInt64LittleEndian(message.AsSpan(position - 8));
                return (field, number.ToString(CultureInfo.InvariantCulture));
            case 2:
                int length = (int)Varint(message, ref position);
                content = message[position..(position + length)];
                position += length;
                return (field, Convert.ToHexString(content));
            default:
                throw new InvalidDataException($"wire type {tag & 7} at {position}: {Convert.ToHexString(message)}");
        }
    }

    private static ulong Varint(byte[] message, ref int position)
    {
        ulong value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte next = message[position++];
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80)
                return value;
        }
    }
}

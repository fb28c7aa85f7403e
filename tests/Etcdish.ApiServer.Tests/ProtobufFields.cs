using System.Text;

namespace Etcdish.ApiServer.Tests;

/// <summary>The fields of a protobuf message, as far as they are messages or strings.</summary>
internal sealed class ProtobufFields
{
    private readonly List<(int Number, byte[] Content)> _fields = [];

    private ProtobufFields()
    {
    }

    public static ProtobufFields Read(ReadOnlySpan<byte> message)
    {
        var fields = new ProtobufFields();
        while (message.Length > 0)
        {
            var tag = ReadVarint(ref message);
            var value = ReadVarint(ref message);
            if ((tag & 7) == 2)
            {
                fields._fields.Add(((int)(tag >> 3), message[..(int)value].ToArray()));
                message = message[(int)value..];
            }
            else if ((tag & 7) != 0)
            {
                throw new FormatException($"wire type {tag & 7}");
            }
        }

        return fields;
    }

    public string Text(int number) => Encoding.UTF8.GetString(_fields.Single(f => f.Number == number).Content);

    public ProtobufFields Single(int number) => Read(_fields.Single(f => f.Number == number).Content);

    public ProtobufFields[] All(int number) => [.. _fields.Where(f => f.Number == number).Select(f => Read(f.Content))];

    /// <summary>Messages of a name (1) and a value (2), by name.</summary>
    public Dictionary<string, ProtobufFields> Named(int number) => All(number).ToDictionary(f => f.Text(1), f => f.Single(2));

    private static ulong ReadVarint(ref ReadOnlySpan<byte> bytes)
    {
        ulong value = 0;
        for (var shift = 0; ; shift += 7)
        {
            var next = bytes[0];
            bytes = bytes[1..];
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }
    }
}

using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace Etcdish.Rpc.Http2;

/// <summary>
/// The fields a connection spelled out of late. Some clients (that of .NET among them) never use the dynamic table and send the same dozen
/// literals with every request; others repeat a literal that their table has lost. Both get the same objects again instead of copies. A
/// hash selects the two places where a field can be, of which the older one makes way: a look-up costs two comparisons at most, and two
/// literals of one hash do not drive each other out. The hash is the same in every process, and so is what it costs.
/// </summary>
internal sealed class RecentFields
{
    // A call has about ten fields. Short ones only: with long ones a peer could make a connection hold megabytes.
    private const int Pairs = 16;
    private const int MaxTextBytes = 256;

    private readonly HeaderField?[] _slots = new HeaderField?[Pairs * 2];

    /// <summary>The field of a name and a value.</summary>
    /// <param name="named">A field with the name, or null when it is spelled out.</param>
    /// <param name="name">The name, when there is no such field.</param>
    /// <param name="value">The value.</param>
    public HeaderField Get(HeaderField? named, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        int nameBytes = named?.Name.Length ?? name.Length;
        if (nameBytes + value.Length > MaxTextBytes)
        {
            return Make(named, name, value);
        }

        Span<HeaderField?> pair = _slots.AsSpan((int)(Hash(nameBytes, value) % Pairs) * 2, 2);
        foreach (HeaderField? field in pair)
        {
            if (field is not null && HasName(field, named, name) && HeaderField.IsText(field.Value, value))
            {
                return field;
            }
        }

        pair[1] = pair[0];
        pair[0] = Make(named, name, value);
        return pair[0]!;
    }

    /// <summary>A new field, without a trace left here.</summary>
    public static HeaderField Make(HeaderField? named, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        string text = Text(value);
        return named is null ? new HeaderField(Text(name), text) : named.WithValue(text);
    }

    private static bool HasName(HeaderField field, HeaderField? named, ReadOnlySpan<byte> name) =>
        named is null ? HeaderField.IsText(field.Name, name) : field.Name == named.Name;

    private static uint Hash(int nameBytes, ReadOnlySpan<byte> value)
    {
        uint hash = (uint)nameBytes;
        for (; value.Length >= sizeof(ulong); value = value[sizeof(ulong)..])
        {
            hash = BitOperations.Crc32C(hash, BinaryPrimitives.ReadUInt64LittleEndian(value));
        }

        foreach (byte letter in value)
        {
            hash = BitOperations.Crc32C(hash, letter);
        }

        return hash;
    }

    // The texts that every gRPC client sends are shared by all connections.
    private static string Text(ReadOnlySpan<byte> bytes)
    {
        string? common = bytes.Length switch
        {
            0 => "",
            2 => "te",
            4 => bytes[0] == 'h' ? "http" : "POST",
            5 => "https",
            8 => "trailers",
            12 => "grpc-timeout",
            13 => "grpc-encoding",
            16 => "application/grpc",
            20 => "grpc-accept-encoding",
            _ => null,
        };
        return common is not null && HeaderField.IsText(common, bytes) ? common : Encoding.Latin1.GetString(bytes);
    }
}

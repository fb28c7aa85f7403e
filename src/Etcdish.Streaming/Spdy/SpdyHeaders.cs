using System.Buffers.Binary;
using System.Text;

namespace Etcdish.Streaming.Spdy;

/// <summary>
/// Headers as they stand in a block (section 2.6.10): their number, then for each a name and a value, both behind their lengths; all
/// numbers have 32 bits.
/// </summary>
internal static class SpdyHeaders
{
    public static IReadOnlyDictionary<string, string> None { get; } = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);

    /// <summary>Reads a block. Of a header with several values it takes the first.</summary>
    /// <exception cref="StreamingProtocolException">The block is malformed.</exception>
    public static IReadOnlyDictionary<string, string> Read(ReadOnlySpan<byte> block)
    {
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        for (var left = ReadNumber(ref block); left > 0; left--)
        {
            var name = ReadText(ref block);
            var value = ReadText(ref block);
            if (name.Length == 0 || !headers.TryAdd(name, value.Split('\0')[0]))
            {
                throw new StreamingProtocolException($"a header block has the name \"{name}\", which is empty or there twice");
            }
        }

        return block.Length == 0 ? headers : throw new StreamingProtocolException("bytes are left over behind a header block");
    }

    public static byte[] Write(IReadOnlyDictionary<string, string> headers)
    {
        using var block = new MemoryStream();
        WriteNumber(block, headers.Count);
        foreach (var (name, value) in headers)
        {
            WriteText(block, name);
            WriteText(block, value);
        }

        return block.ToArray();
    }

    private static uint ReadNumber(ref ReadOnlySpan<byte> block)
    {
        if (!BinaryPrimitives.TryReadUInt32BigEndian(block, out var number))
        {
            throw new StreamingProtocolException("a header block is cut short");
        }

        block = block[sizeof(uint)..];
        return number;
    }

    private static string ReadText(ref ReadOnlySpan<byte> block)
    {
        var length = ReadNumber(ref block);
        if (length > block.Length)
        {
            throw new StreamingProtocolException("a header block is cut short");
        }

        var text = Encoding.Latin1.GetString(block[..(int)length]);
        block = block[(int)length..];
        return text;
    }

    private static void WriteText(MemoryStream block, string text)
    {
        var bytes = Encoding.Latin1.GetBytes(text);
        WriteNumber(block, bytes.Length);
        block.Write(bytes);
    }

    private static void WriteNumber(MemoryStream block, int number)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteInt32BigEndian(bytes, number);
        block.Write(bytes);
    }
}

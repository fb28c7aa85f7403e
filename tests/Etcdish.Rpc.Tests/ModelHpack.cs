using System.Text;
using Etcdish.Rpc.Wire;

namespace Etcdish.Rpc.Tests;

/// <summary>HPACK for tests, written for clarity: makes fields of every kind, and lists what a block says.</summary>
internal static class ModelHpack
{
    public const int Indexing = 0x40;
    public const int NoIndexing = 0x00;
    public const int NeverIndexed = 0x10;

    /// <summary>A literal with a name from a table.</summary>
    public static byte[] Literal(int kind, int nameIndex, string value, bool isHuffman) =>
        [.. Integer(kind, kind == Indexing ? 6 : 4, nameIndex), .. Text(value, isHuffman)];

    /// <summary>A literal with a name of its own.</summary>
    public static byte[] Literal(int kind, string name, string value, bool isHuffman) =>
        [(byte)kind, .. Text(name, isHuffman), .. Text(value, isHuffman)];

    public static byte[] Indexed(int index) => Integer(0x80, 7, index);

    public static byte[] TableSize(int size) => Integer(0x20, 5, size);

    /// <summary>A string with its length; Huffman code by the canonical rule, from the lengths alone.</summary>
    public static byte[] Text(string text, bool isHuffman)
    {
        byte[] plain = Encoding.Latin1.GetBytes(text);
        byte[] bytes = isHuffman ? Huffman(plain) : plain;
        return [.. Integer(isHuffman ? 0x80 : 0, 7, bytes.Length), .. bytes];
    }

    public static byte[] Huffman(byte[] plain)
    {
        string bits = string.Concat(plain.Select(symbol => Code(symbol)));
        bits = bits.PadRight((bits.Length + 7) / 8 * 8, '1');
        return [.. bits.Chunk(8).Select(octet => Convert.ToByte(new string(octet), 2))];
    }

    /// <summary>The code of a byte as ones and zeros: the first of its length, plus the symbols of that length before it.</summary>
    public static string Code(byte symbol)
    {
        byte[] lengths = HpackHuffman.Lengths.ToArray();
        int length = lengths[symbol];
        double shorter = lengths.Where(other => other < length).Sum(other => Math.Pow(2, -other));
        long code = (long)(shorter * Math.Pow(2, length)) + lengths.Take(symbol).Count(other => other == length);
        return Convert.ToString(code, 2).PadLeft(length, '0');
    }

    /// <summary>What a block says, one line a field.</summary>
    public static List<string> Describe(ReadOnlySpan<byte> block)
    {
        List<string> fields = [];
        int at = 0;
        while (at < block.Length)
        {
            int first = block[at];
            int kind = first >= 0x80 ? 0x80 : first >= 0x40 ? Indexing : first >= 0x20 ? 0x20 : first & 0xF0;
            int index = ReadInteger(block, ref at, kind switch { 0x80 => 7, Indexing => 6, 0x20 => 5, _ => 4 });
            string name = index == 0 && kind is not (0x80 or 0x20) ? ReadText(block, ref at) : $"#{index}";
            fields.Add(kind is 0x80 or 0x20 ? $"{kind:x} {name}" : $"{kind:x} {name} = {ReadText(block, ref at)}");
        }

        return fields;
    }

    private static byte[] Integer(int kind, int prefixBits, int value)
    {
        int mask = (1 << prefixBits) - 1;
        if (value < mask)
        {
            return [(byte)(kind | value)];
        }

        List<byte> bytes = [(byte)(kind | mask)];
        for (value -= mask; value >= 0x80; value >>= 7)
        {
            bytes.Add((byte)(value | 0x80));
        }

        return [.. bytes, (byte)value];
    }

    private static int ReadInteger(ReadOnlySpan<byte> block, ref int at, int prefixBits)
    {
        int mask = (1 << prefixBits) - 1;
        int value = block[at++] & mask;
        if (value < mask)
        {
            return value;
        }

        for (int shift = 0; ; shift += 7)
        {
            value += (block[at] & 0x7F) << shift;
            if (block[at++] < 0x80)
            {
                return value;
            }
        }
    }

    private static string ReadText(ReadOnlySpan<byte> block, ref int at)
    {
        bool isHuffman = block[at] >= 0x80;
        int length = ReadInteger(block, ref at, 7);
        ReadOnlySpan<byte> bytes = block.Slice(at, length);
        at += length;
        byte[] decoded = new byte[2048];
        int count = length;
        Assert.That(!isHuffman || HpackHuffman.TryDecode(bytes, decoded, out count));
        return Encoding.Latin1.GetString(isHuffman ? decoded.AsSpan(0, count) : bytes);
    }
}

namespace Etcdish.Rpc.Http2;

/// <summary>
/// Integers of HPACK (RFC 7541, section 5.1): in the low bits of a first byte when they fit, else those bits are ones and what is above
/// them follows in groups of seven bits, the lowest first.
/// <code>
/// value &lt; 2^N - 1     | flags | value |
/// else                | flags | 11..1 |   | 1 | low 7 bits |  ...  | 0 | high bits |
/// </code>
/// </summary>
internal static class HpackInteger
{
    /// <summary>The most bytes one takes: a full prefix and 31 bits.</summary>
    public const int MaxBytes = 6;

    private const int LastShift = 28;

    /// <summary>Reads an integer.</summary>
    /// <param name="block">A header block.</param>
    /// <param name="at">Where the integer begins, and afterwards ends.</param>
    /// <param name="prefixBits">How many bits of the first byte belong to it, 1 to 8.</param>
    /// <exception cref="HpackException">It is cut off, over 2^31 - 1, or longer than such an integer can be.</exception>
    public static int Read(ReadOnlySpan<byte> block, ref int at, int prefixBits)
    {
        if (at >= block.Length)
        {
            throw CutOff();
        }

        int mask = (1 << prefixBits) - 1;
        int value = block[at++] & mask;
        return value < mask ? value : ReadRest(block, ref at, mask);
    }

    /// <summary>Writes an integer.</summary>
    /// <param name="destination">Where it goes; at least <see cref="MaxBytes"/> are always enough.</param>
    /// <param name="flags">The bits above the prefix.</param>
    /// <param name="prefixBits">How many bits of the first byte belong to it, 1 to 8.</param>
    /// <param name="value">Not negative.</param>
    /// <returns>Bytes written.</returns>
    public static int Write(Span<byte> destination, int flags, int prefixBits, int value)
    {
        int mask = (1 << prefixBits) - 1;
        if (value < mask)
        {
            destination[0] = (byte)(flags | value);
            return 1;
        }

        destination[0] = (byte)(flags | mask);
        int count = 1;
        for (value -= mask; value >= 0x80; value >>= 7)
        {
            destination[count++] = (byte)(value | 0x80);
        }

        destination[count++] = (byte)value;
        return count;
    }

    private static int ReadRest(ReadOnlySpan<byte> block, ref int at, int prefix)
    {
        long value = prefix;
        for (int shift = 0; shift <= LastShift; shift += 7)
        {
            if (at >= block.Length)
            {
                throw CutOff();
            }

            byte next = block[at++];
            value += (long)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value <= int.MaxValue ? (int)value : throw TooLarge();
            }
        }

        throw TooLarge();
    }

    private static HpackException CutOff() => new("an integer is cut off");

    private static HpackException TooLarge() => new("an integer is too large");
}

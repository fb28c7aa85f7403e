using System.Buffers.Binary;

namespace Etcdish.Rpc.Wire;

/// <summary>
/// Decodes the Huffman code of HPACK (RFC 7541, appendix B). The code is canonical: codes of one length follow each other in the order of
/// their symbols, so the lengths are the whole table. Codes of up to eight bits, which is nearly all that headers consist of, are found by
/// one look-up of the next eight bits; longer ones by comparing the next bits with the end of each length's codes.
/// </summary>
internal static class HpackHuffman
{
    private const int ShortestCode = 5;
    private const int LongestCode = 30;
    private const int ShortBits = 8;
    private const int EndOfString = 256;

    // By the next eight bits: the symbol that begins with them in the low byte, the length of its code above. Zero when the code is longer.
    private static readonly ushort[] _short = new ushort[1 << ShortBits];

    // By length of code: the first code, where its symbol lies in _symbols, and what the next 32 bits of this length or less are below.
    private static readonly uint[] _firstCode = new uint[LongestCode + 1];
    private static readonly int[] _firstPlace = new int[LongestCode + 1];
    private static readonly ulong[] _end = new ulong[LongestCode + 1];
    private static readonly int[] _symbols = new int[EndOfString + 1];

    static HpackHuffman()
    {
        uint code = 0;
        int place = 0;
        for (int length = 1; length <= LongestCode; length++)
        {
            _firstCode[length] = code;
            _firstPlace[length] = place;
            for (int symbol = 0; symbol <= EndOfString; symbol++)
            {
                if (LengthOf(symbol) == length)
                {
                    AddShort(symbol, code, length);
                    _symbols[place++] = symbol;
                    code++;
                }
            }

            _end[length] = (ulong)code << (32 - length);
            code <<= 1;
        }
    }

    /// <summary>Bits of each byte's code.</summary>
    internal static ReadOnlySpan<byte> Lengths =>
    [
        13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
        6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
        13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
        15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
        20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
        22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
        26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
        20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
    ];

    /// <summary>The most bytes that a string can decode to.</summary>
    public static int MaxDecodedBytes(int encodedBytes) => checked((int)(encodedBytes * 8L / ShortestCode));

    /// <summary>Decodes a whole string.</summary>
    /// <param name="encoded">The string; what is left over at its end must be padding of at most seven ones.</param>
    /// <param name="decoded">Where it goes.</param>
    /// <param name="count">Bytes decoded.</param>
    /// <returns>False when the string is malformed or longer than there is room.</returns>
    public static bool TryDecode(ReadOnlySpan<byte> encoded, Span<byte> decoded, out int count)
    {
        // The bits to come, from the highest down; below the last of them are zeros.
        ulong window = 0;
        int bits = 0;
        int at = 0;
        count = 0;
        while (true)
        {
            if (bits < LongestCode)
            {
                Refill(encoded, ref at, ref window, ref bits);
                if (bits < 8 && IsPadding(window, bits))
                {
                    return true;
                }
            }

            int symbol = NextSymbol(window, out int length);
            if (length > bits || symbol == EndOfString || count == decoded.Length)
            {
                return false;
            }

            decoded[count++] = (byte)symbol;
            window <<= length;
            bits -= length;
        }
    }

    private static void Refill(ReadOnlySpan<byte> encoded, ref int at, ref ulong window, ref int bits)
    {
        if (encoded.Length - at >= sizeof(uint))
        {
            window |= (ulong)BinaryPrimitives.ReadUInt32BigEndian(encoded[at..]) << (32 - bits);
            at += sizeof(uint);
            bits += 32;
            return;
        }

        for (; at < encoded.Length; bits += 8)
        {
            window |= (ulong)encoded[at++] << (56 - bits);
        }
    }

    // Fewer than eight ones are no symbol's code, since only the end of a string begins with that many.
    private static bool IsPadding(ulong window, int bits) => window == ~(ulong.MaxValue >> bits);

    private static int NextSymbol(ulong window, out int length)
    {
        int entry = _short[window >> (64 - ShortBits)];
        if (entry != 0)
        {
            length = entry >> 8;
            return entry & 0xFF;
        }

        // The code is complete: 32 bits are always below the end of the longest codes.
        uint next = (uint)(window >> 32);
        length = ShortBits + 1;
        while (next >= _end[length])
        {
            length++;
        }

        return _symbols[_firstPlace[length] + (int)((next >> (32 - length)) - _firstCode[length])];
    }

    private static void AddShort(int symbol, uint code, int length)
    {
        if (length <= ShortBits)
        {
            int free = ShortBits - length;
            _short.AsSpan((int)code << free, 1 << free).Fill((ushort)((length << 8) | symbol));
        }
    }

    private static int LengthOf(int symbol) => symbol == EndOfString ? LongestCode : Lengths[symbol];
}

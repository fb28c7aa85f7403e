namespace Etcdish.Rpc.Wire;

/// <summary>
/// Decodes the Huffman code of HPACK (RFC 7541, appendix B). The code is canonical: codes of one length follow each other in the order of
/// their symbols, so the lengths are the whole table, and decoding needs only the first code and the first symbol of each length.
/// Bit by bit is fast enough: it sees one short string a connection.
/// </summary>
internal static class HpackHuffman
{
    private const int LongestCode = 30;
    private const int EndOfString = 256;

    // By length of code: the first code, and where its symbol lies in _symbols.
    private static readonly int[] _firstCode = new int[LongestCode + 1];
    private static readonly int[] _firstPlace = new int[LongestCode + 2];
    private static readonly int[] _symbols = new int[EndOfString + 1];

    static HpackHuffman()
    {
        int code = 0;
        int place = 0;
        for (int length = 1; length <= LongestCode; length++)
        {
            _firstCode[length] = code;
            _firstPlace[length] = place;
            for (int symbol = 0; symbol <= EndOfString; symbol++)
            {
                if (LengthOf(symbol) == length)
                {
                    _symbols[place++] = symbol;
                    code++;
                }
            }

            code <<= 1;
        }

        _firstPlace[LongestCode + 1] = place;
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

    /// <summary>Decodes a whole string.</summary>
    /// <param name="encoded">The string; what is left over at its end must be padding of at most seven ones.</param>
    /// <param name="decoded">Where it goes.</param>
    /// <param name="count">Bytes decoded.</param>
    /// <returns>False when the string is malformed or longer than there is room.</returns>
    public static bool TryDecode(ReadOnlySpan<byte> encoded, Span<byte> decoded, out int count)
    {
        count = 0;
        int code = 0;
        int length = 0;
        foreach (byte part in encoded)
        {
            for (int bit = 7; bit >= 0; bit--)
            {
                code = (code << 1) | ((part >> bit) & 1);
                length++;
                if (!TryMatch(code, length, out int symbol))
                {
                    continue;
                }

                if (symbol == EndOfString || count == decoded.Length)
                {
                    return false;
                }

                decoded[count++] = (byte)symbol;
                code = 0;
                length = 0;
            }
        }

        return length < 8 && code == (1 << length) - 1;
    }

    private static int LengthOf(int symbol) => symbol == EndOfString ? LongestCode : Lengths[symbol];

    // Every sequence of 30 bits contains a code, because the code is complete; so length never exceeds that.
    private static bool TryMatch(int code, int length, out int symbol)
    {
        int offset = code - _firstCode[length];
        bool isCode = offset >= 0 && offset < _firstPlace[length + 1] - _firstPlace[length];
        symbol = isCode ? _symbols[_firstPlace[length] + offset] : 0;
        return isCode;
    }
}

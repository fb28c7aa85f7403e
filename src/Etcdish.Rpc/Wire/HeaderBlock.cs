namespace Etcdish.Rpc.Wire;

/// <summary>
/// As much of HPACK (RFC 7541) as it takes to find <c>:authority</c> in a header block and to patch it in place. A value that begins with
/// "http://" or "https://" gets letters and hyphens instead of "://", which have codes of the same length, Huffman or not:
/// <code>
/// plain      "http://"   -> "httpB--"
/// Huffman    : 1011100   -> B 1011101        / 011000 -> - 010110
/// </code>
/// The decoded length stays too, so both sides' tables stay the same size.
/// </summary>
internal static class HeaderBlock
{
    private const int AuthorityIndex = 1;

    /// <summary>Patches the authority, if it is there as a literal and a URL.</summary>
    /// <returns>Whether anything was changed. A block that is malformed is left as it is, for HTTP/2 to refuse.</returns>
    public static bool MendAuthority(Span<byte> block)
    {
        int at = 0;
        while (at < block.Length)
        {
            byte first = block[at];
            int prefixBits = PrefixBits(first);
            if (!TryReadInteger(block, ref at, prefixBits, out int index))
            {
                return false;
            }

            if (prefixBits is 7 or 5)
            {
                continue;
            }

            if ((index == 0 && !TrySkipString(block, ref at)) || !TryReadString(block, ref at, out Span<byte> value, out bool isHuffman))
            {
                return false;
            }

            if (index == AuthorityIndex)
            {
                return Mend(value, isHuffman);
            }
        }

        return false;
    }

    /// <summary>Indexed field: 7 bits; literal that enters the table: 6; change of the table's size: 5; other literals: 4.</summary>
    private static int PrefixBits(byte first) => first switch
    {
        >= 0x80 => 7,
        >= 0x40 => 6,
        >= 0x20 => 5,
        _ => 4,
    };

    private static bool TryReadInteger(ReadOnlySpan<byte> block, ref int at, int prefixBits, out int value)
    {
        int mask = (1 << prefixBits) - 1;
        value = 0;
        if (at >= block.Length)
        {
            return false;
        }

        value = block[at++] & mask;
        if (value < mask)
        {
            return true;
        }

        for (int shift = 0; at < block.Length && shift <= 21; shift += 7)
        {
            byte next = block[at++];
            value += (next & 0x7F) << shift;
            if (next < 0x80)
            {
                return true;
            }
        }

        return false;
    }

    private static bool TrySkipString(Span<byte> block, ref int at) => TryReadString(block, ref at, out _, out _);

    private static bool TryReadString(Span<byte> block, ref int at, out Span<byte> value, out bool isHuffman)
    {
        value = default;
        isHuffman = at < block.Length && block[at] >= 0x80;
        if (!TryReadInteger(block, ref at, 7, out int length) || length > block.Length - at)
        {
            return false;
        }

        value = block.Slice(at, length);
        at += length;
        return true;
    }

    private static bool Mend(Span<byte> value, bool isHuffman)
    {
        if (!isHuffman)
        {
            return MendPlain(value, "http://"u8) || MendPlain(value, "https://"u8);
        }

        // "http://" is 41 bits, so of the sixth byte only the first bit belongs to it; "https://" is 46.
        if (value.Length > 5 && value.StartsWith((ReadOnlySpan<byte>)[0x9d, 0x29, 0xae, 0xe3, 0x0c]) && value[5] < 0x80)
        {
            value[3] = 0xea;
            value[4] = 0xcb;
            return true;
        }

        if (value.Length > 5 && value.StartsWith((ReadOnlySpan<byte>)[0x9d, 0x29, 0xad, 0x17, 0x18]) && value[5] is >= 0x60 and <= 0x63)
        {
            value[4] = 0x56;
            value[5] = (byte)(0x58 | (value[5] & 3));
            return true;
        }

        return false;
    }

    private static bool MendPlain(Span<byte> value, ReadOnlySpan<byte> scheme)
    {
        if (!value.StartsWith(scheme))
        {
            return false;
        }

        "B--"u8.CopyTo(value[(scheme.Length - 3)..]);
        return true;
    }
}

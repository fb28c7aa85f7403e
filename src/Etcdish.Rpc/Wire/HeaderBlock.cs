using System.Buffers;

namespace Etcdish.Rpc.Wire;

/// <summary>
/// As much of HPACK (RFC 7541) as it takes to find <c>:authority</c> in a header block and to replace a URL in it by the URL's host. The
/// block is walked, not decoded: no table is kept, so only a literal under the static table's number of <c>:authority</c> counts.
/// <code>
/// 1xxxxxxx                      indexed field, no value here
/// 01xxxxxx  [name] value        literal that enters the dynamic table
/// 001xxxxx                      size of the dynamic table
/// 000xxxxx  [name] value        literal that stays out of it (with a fifth bit: at every hop)
/// </code>
/// A host is shorter than its URL, so the server's dynamic table has more room than the client believes. That is harmless: numbers count
/// from the newest entry, on which both agree, and what the server keeps longer is what the client has evicted and never names again.
/// </summary>
internal static class HeaderBlock
{
    private const int AuthorityIndex = 1;

    // A name in DNS has at most 253 bytes; this leaves room for a scheme, a port and a path. Longer ones are left to HTTP/2 to refuse.
    private const int MaxAuthorityBytes = 512;

    private const int MaxPlainLengthInOneByte = 126;

    /// <summary>Replaces a URL in the authority by its host and port, as a literal of the same kind without Huffman code.</summary>
    /// <param name="block">A header block, or its beginning: from where it is malformed or cut off on, it stays as it is.</param>
    /// <returns>The new block, which can be longer, because Huffman code is compact; null when there is nothing to replace.</returns>
    public static byte[]? ReplaceUrlAuthority(ReadOnlySpan<byte> block)
    {
        ArrayBufferWriter<byte>? replaced = null;
        Span<byte> decoded = stackalloc byte[MaxAuthorityBytes];
        int copied = 0;
        int at = 0;
        while (TryReadField(block, ref at, out int authorityAt))
        {
            if (authorityAt != 0 && TryReadUrlsHost(block[authorityAt..at], decoded, out ReadOnlySpan<byte> host))
            {
                replaced ??= new ArrayBufferWriter<byte>(block.Length + MaxAuthorityBytes);
                replaced.Write(block[copied..authorityAt]);
                WriteString(replaced, host);
                copied = at;
            }
        }

        replaced?.Write(block[copied..]);
        return replaced?.WrittenSpan.ToArray();
    }

    /// <summary>Goes past one field.</summary>
    /// <param name="block">The block.</param>
    /// <param name="at">Where the field begins, and afterwards ends.</param>
    /// <param name="authorityAt">Where the value of a literal authority begins; zero for every other field.</param>
    /// <returns>False at the end of the block, or where the field is malformed or cut off.</returns>
    private static bool TryReadField(ReadOnlySpan<byte> block, ref int at, out int authorityAt)
    {
        authorityAt = 0;
        if (at == block.Length)
        {
            return false;
        }

        int prefixBits = PrefixBits(block[at]);
        if (!TryReadInteger(block, ref at, prefixBits, out int index))
        {
            return false;
        }

        if (prefixBits is 7 or 5)
        {
            return true;
        }

        if (index == 0 && !TryReadString(block, ref at, out _, out _))
        {
            return false;
        }

        authorityAt = index == AuthorityIndex ? at : 0;
        return TryReadString(block, ref at, out _, out _);
    }

    private static int PrefixBits(byte first) => first switch
    {
        >= 0x80 => 7,
        >= 0x40 => 6,
        >= 0x20 => 5,
        _ => 4,
    };

    // Up to 2^28, far over any frame's length.
    private static bool TryReadInteger(ReadOnlySpan<byte> block, ref int at, int prefixBits, out int value)
    {
        int mask = (1 << prefixBits) - 1;
        value = 0;
        if (at == block.Length)
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

    private static bool TryReadString(ReadOnlySpan<byte> block, scoped ref int at, out ReadOnlySpan<byte> value, out bool isHuffman)
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

    private static bool TryReadUrlsHost(ReadOnlySpan<byte> encoded, Span<byte> decoded, out ReadOnlySpan<byte> host)
    {
        int at = 0;
        host = default;
        if (!TryReadString(encoded, ref at, out ReadOnlySpan<byte> value, out bool isHuffman))
        {
            return false;
        }

        if (isHuffman)
        {
            if (!HpackHuffman.TryDecode(value, decoded, out int count))
            {
                return false;
            }

            value = decoded[..count];
        }

        int scheme = value.IndexOf("://"u8);
        if (scheme < 0 || value.Length > MaxAuthorityBytes)
        {
            return false;
        }

        host = value[(scheme + 3)..];
        int path = host.IndexOf((byte)'/');
        host = path < 0 ? host : host[..path];
        return true;
    }

    private static void WriteString(ArrayBufferWriter<byte> block, ReadOnlySpan<byte> value)
    {
        if (value.Length <= MaxPlainLengthInOneByte)
        {
            block.Write([(byte)value.Length]);
        }
        else
        {
            int rest = value.Length - MaxPlainLengthInOneByte - 1;
            block.Write(rest < 0x80 ? [0x7F, (byte)rest] : [0x7F, (byte)(rest | 0x80), (byte)(rest >> 7)]);
        }

        block.Write(value);
    }
}

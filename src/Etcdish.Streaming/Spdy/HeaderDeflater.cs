namespace Etcdish.Streaming.Spdy;

/// <summary>
/// Makes the header blocks of one direction of a connection. They are a zlib stream, as the protocol wants it, but not compressed: ours
/// hold some dozen bytes.
/// </summary>
internal sealed class HeaderDeflater
{
    private bool _hasBegun;

    /// <summary>Makes the next block. Blocks must be sent in the order in which they were made.</summary>
    public byte[] Deflate(ReadOnlySpan<byte> headers)
    {
        // A receiver may hold decoded bytes back until a block of length 0 tells it that this is all for now.
        ReadOnlySpan<byte> begin = _hasBegun ? [] : [0x78, 0x01];
        _hasBegun = true;
        return [.. begin, .. StoredBlock.Header(headers.Length), .. headers, .. StoredBlock.Header(0)];
    }
}

/// <summary>A deflate block that holds its bytes as they are (RFC 1951, section 3.2.4).</summary>
internal static class StoredBlock
{
    /// <summary>What stands before the bytes.</summary>
    public static byte[] Header(int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, ushort.MaxValue);
        var (low, high) = ((byte)length, (byte)(length >> 8));
        return [0, low, high, (byte)~low, (byte)~high];
    }
}

namespace Etcdish.Load.Http2;

/// <summary>Huffman strings of HPACK (RFC 7541, appendix B), by the decoder of the RPC layer.</summary>
internal static class HpackHuffman
{
    private const int ShortestCodeBits = 5;

    /// <summary>Decodes a whole string.</summary>
    /// <exception cref="InvalidDataException">The string is malformed.</exception>
    public static byte[] Decode(ReadOnlySpan<byte> encoded)
    {
        byte[] decoded = new byte[encoded.Length * 8 / ShortestCodeBits];
        return Rpc.Wire.HpackHuffman.TryDecode(encoded, decoded, out int count)
            ? decoded[..count]
            : throw new InvalidDataException("malformed Huffman string");
    }
}

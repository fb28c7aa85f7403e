using System.Buffers.Binary;
using System.IO.Compression;

namespace Etcdish.Streaming.Spdy;

/// <summary>
/// Inflates the header blocks of one direction of a connection: parts of one zlib stream, each flushed, which a receiver must inflate all
/// and in order.
/// </summary>
/// <remarks>
/// The stream begins with a dictionary, which .NET's zlib cannot be given. But a dictionary is nothing else than text that was decoded
/// before: so a stored block with the dictionary goes in first, and what comes out of it is thrown away.
/// </remarks>
internal sealed class HeaderInflater : IDisposable
{
    private const int ZlibHeaderBytes = 2;
    private const byte DeflateMethod = 8;
    private const byte HasDictionary = 0x20;

    private readonly MemoryStream _input = new();
    private readonly DeflateStream _inflate;
    private bool _hasBegun;

    public HeaderInflater() => _inflate = new DeflateStream(_input, CompressionMode.Decompress);

    /// <summary>Inflates the next block.</summary>
    /// <returns>How many bytes of <paramref name="output"/> it filled.</returns>
    /// <exception cref="StreamingProtocolException">The block is malformed, or larger than the output.</exception>
    public int Inflate(ReadOnlySpan<byte> block, Span<byte> output)
    {
        try
        {
            if (!_hasBegun)
            {
                block = Begin(block);
                _hasBegun = true;
            }

            Feed(block);
            var count = Fill(output);
            return count < output.Length || _inflate.ReadByte() < 0
                ? count
                : throw new StreamingProtocolException($"a header block is larger than {output.Length} bytes");
        }
        catch (InvalidDataException e)
        {
            throw new StreamingProtocolException($"a header block cannot be inflated: {e.Message}");
        }
    }

    public void Dispose() => _inflate.Dispose();

    private ReadOnlySpan<byte> Begin(ReadOnlySpan<byte> block)
    {
        if (block.Length < ZlibHeaderBytes || (block[0] & 0xF) != DeflateMethod || BinaryPrimitives.ReadUInt16BigEndian(block) % 31 != 0)
        {
            throw new StreamingProtocolException("the first header block does not begin with a zlib header");
        }

        if ((block[1] & HasDictionary) == 0)
        {
            return block[ZlibHeaderBytes..];
        }

        block = block[ZlibHeaderBytes..];
        if (block.Length < sizeof(uint) || BinaryPrimitives.ReadUInt32BigEndian(block) != HeaderDictionary.Id)
        {
            throw new StreamingProtocolException("header blocks are compressed with another dictionary than SPDY/3's");
        }

        Feed([.. StoredBlock.Header(HeaderDictionary.Bytes.Length), .. HeaderDictionary.Bytes]);
        Fill(new byte[HeaderDictionary.Bytes.Length]);
        return block[sizeof(uint)..];
    }

    private void Feed(ReadOnlySpan<byte> block)
    {
        _input.SetLength(0);
        _input.Write(block);
        _input.Position = 0;
    }

    private int Fill(Span<byte> output)
    {
        var count = 0;
        while (count < output.Length && _inflate.Read(output[count..]) is > 0 and var more)
        {
            count += more;
        }

        return count;
    }
}

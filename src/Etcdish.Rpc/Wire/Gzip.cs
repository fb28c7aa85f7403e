using System.Buffers;
using System.IO.Compression;

namespace Etcdish.Rpc.Wire;

/// <summary>Decompression of a message, bounded: a small bomb may not become a large buffer.</summary>
internal static class Gzip
{
    public const string Name = "gzip";

    private const int ChunkBytes = 16 * 1024;

    /// <summary>Decompresses the whole message.</summary>
    /// <exception cref="RpcException">ResourceExhausted over the limit; Internal when the data is not gzip.</exception>
    public static byte[] Decompress(in ReadOnlySequence<byte> compressed, int maxMessageBytes)
    {
        using var source = new MemoryStream(compressed.ToArray(), writable: false);
        using var gzip = new GZipStream(source, CompressionMode.Decompress);
        var message = new ArrayBufferWriter<byte>(ChunkBytes);
        try
        {
            while (true)
            {
                int read = gzip.Read(message.GetSpan(ChunkBytes));
                if (read == 0)
                {
                    return message.WrittenSpan.ToArray();
                }

                message.Advance(read);
                if (message.WrittenCount > maxMessageBytes)
                {
                    throw new RpcException(
                        StatusCode.ResourceExhausted,
                        $"grpc: received message after decompression larger than max ({message.WrittenCount} vs. {maxMessageBytes})");
                }
            }
        }
        catch (InvalidDataException damaged)
        {
            throw new RpcException(StatusCode.Internal, $"grpc: failed to decompress the received message: {damaged.Message}", damaged);
        }
    }
}

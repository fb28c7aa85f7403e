using System.Buffers;

namespace Etcdish.Rpc.Http2;

/// <summary>The header blocks of a call that succeeds, as etcd's server fills them. They depend on no connection: made once.</summary>
internal static class GrpcHeaderBlocks
{
    /// <summary>A response's headers: <c>:status: 200</c> and <c>content-type: application/grpc</c>. Not to be written to.</summary>
    public static byte[] ResponseHeaders { get; } = Encode([(":status", "200"), ("content-type", "application/grpc")]);

    /// <summary>A response's trailers: <c>grpc-status: 0</c> and an empty <c>grpc-message</c>. Not to be written to.</summary>
    public static byte[] OkTrailers { get; } = Encode([("grpc-status", "0"), ("grpc-message", "")]);

    private static byte[] Encode(ReadOnlySpan<(string Name, string Value)> fields)
    {
        ArrayBufferWriter<byte> block = new();
        foreach ((string name, string value) in fields)
        {
            HpackEncoder.Write(block, name, value);
        }

        return block.WrittenSpan.ToArray();
    }
}

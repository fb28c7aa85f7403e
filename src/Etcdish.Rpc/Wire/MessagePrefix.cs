using System.Buffers;
using System.Buffers.Binary;

namespace Etcdish.Rpc.Wire;

/// <summary>
/// The five bytes before every gRPC message:
/// <code>
/// offset  size  field
/// 0       1     compressed: 0 or 1
/// 1       4     length of the message that follows, big-endian
/// </code>
/// </summary>
internal readonly record struct MessagePrefix(byte Format, uint Length)
{
    public const int Size = 5;

    public bool IsCompressed => Format == 1;

    public static MessagePrefix Read(ReadOnlySpan<byte> bytes) => new(bytes[0], BinaryPrimitives.ReadUInt32BigEndian(bytes[1..]));

    public static void Write(Span<byte> bytes, int length)
    {
        bytes[0] = 0;
        BinaryPrimitives.WriteUInt32BigEndian(bytes[1..], (uint)length);
    }

    /// <summary>False when fewer than five bytes are there.</summary>
    public static bool TryRead(in ReadOnlySequence<byte> buffer, out MessagePrefix prefix)
    {
        if (buffer.FirstSpan.Length >= Size)
        {
            prefix = Read(buffer.FirstSpan);
            return true;
        }

        if (buffer.Length < Size)
        {
            prefix = default;
            return false;
        }

        Span<byte> bytes = stackalloc byte[Size];
        buffer.Slice(0, Size).CopyTo(bytes);
        prefix = Read(bytes);
        return true;
    }

    /// <summary>Refuses what no reader may accept, before any of the message itself has been awaited.</summary>
    /// <exception cref="RpcException">Internal for an unknown format byte; ResourceExhausted for a length over the limit.</exception>
    public void Validate(int maxMessageBytes)
    {
        if (Format > 1)
        {
            throw new RpcException(StatusCode.Internal, $"grpc: received unexpected payload format {Format}");
        }

        if (Length > (uint)maxMessageBytes)
        {
            throw new RpcException(
                StatusCode.ResourceExhausted, $"grpc: received message larger than max ({Length} vs. {maxMessageBytes})");
        }
    }
}

using System.Buffers;
using System.Buffers.Binary;
using Google.Protobuf;

namespace Etcdish.Fuzz.Inputs;

/// <summary>Bodies of gRPC calls: messages behind their five bytes of prefix, and ways to cut them into pieces.</summary>
internal static class GrpcBodies
{
    private const int PrefixBytes = 5;

    /// <summary>Up to five messages.</summary>
    public static byte[] Make(Random random, Func<Random, IMessage> makeMessage)
    {
        var body = new List<byte>();
        for (var messages = random.Next(6); messages > 0; messages--)
        {
            body.AddRange(Framed(makeMessage(random).ToByteArray()));
        }

        return [.. body];
    }

    /// <summary>A message behind its prefix.</summary>
    public static byte[] Framed(byte[] message)
    {
        var framed = new byte[PrefixBytes + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(framed.AsSpan(1), message.Length);
        message.CopyTo(framed, PrefixBytes);
        return framed;
    }

    /// <summary>The same bytes in pieces whose lengths follow from the bytes alone.</summary>
    public static ReadOnlySequence<byte> InPieces(byte[] body)
    {
        var random = new Random((int)Store.Crc32C.Compute(body));
        var longest = random.Next(3) switch { 0 => 2, 1 => 20, _ => 1000 };
        var first = new Piece(ReadOnlyMemory<byte>.Empty, null);
        var last = first;
        for (var at = 0; at < body.Length;)
        {
            var length = Math.Min(random.Next(1, longest), body.Length - at);
            last = new Piece(body.AsMemory(at, length), last);
            at += length;
        }

        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        public Piece(ReadOnlyMemory<byte> memory, Piece? before)
        {
            Memory = memory;
            if (before is not null)
            {
                RunningIndex = before.RunningIndex + before.Memory.Length;
                before.Next = this;
            }
        }
    }
}

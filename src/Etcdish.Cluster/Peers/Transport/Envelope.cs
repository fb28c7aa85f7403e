using System.Buffers.Binary;
using Etcdish.Log;

namespace Etcdish.Cluster.Peers;

/// <summary>
/// How a frame travels on a connection:
/// <code>
/// offset size
///      0    4  length of the frame, little-endian
///      4    4  CRC-32C of the length and the frame
///      8       the frame
/// </code>
/// An empty frame on a log connection is a ping, and on its way back the answer to one.
/// </summary>
internal static class Envelope
{
    /// <summary>What a frame takes beside itself.</summary>
    internal const int HeaderBytes = 8;

    /// <summary>An empty frame.</summary>
    internal static readonly ReadOnlyMemory<byte> Ping = MakePing();

    /// <summary>Writes the length; <see cref="Seal"/> completes the header.</summary>
    internal static void WriteLength(Span<byte> envelope, int frameBytes) =>
        BinaryPrimitives.WriteUInt32LittleEndian(envelope, (uint)frameBytes);

    /// <summary>The length that a header states, unchecked.</summary>
    internal static uint ReadLength(ReadOnlySpan<byte> envelope) => BinaryPrimitives.ReadUInt32LittleEndian(envelope);

    /// <summary>Writes the checksum of an envelope whose length and frame stand.</summary>
    /// <param name="envelope">Exactly one envelope.</param>
    internal static void Seal(Span<byte> envelope) =>
        BinaryPrimitives.WriteUInt32LittleEndian(envelope[4..], Checksum(envelope[..4], envelope[HeaderBytes..]));

    /// <summary>Writes the header for a frame that lies in two parts elsewhere.</summary>
    internal static void WriteHeader(Span<byte> header, ReadOnlySpan<byte> head, ReadOnlySpan<byte> body)
    {
        WriteLength(header, checked(head.Length + body.Length));
        uint register = Crc32C.Append(Crc32C.Append(uint.MaxValue, header[..4]), head);
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], ~Crc32C.Append(register, body));
    }

    /// <summary>Whether the checksum is right.</summary>
    /// <param name="envelope">Exactly one envelope.</param>
    internal static bool IsIntact(ReadOnlySpan<byte> envelope) =>
        BinaryPrimitives.ReadUInt32LittleEndian(envelope[4..]) == Checksum(envelope[..4], envelope[HeaderBytes..]);

    private static uint Checksum(ReadOnlySpan<byte> length, ReadOnlySpan<byte> frame) =>
        ~Crc32C.Append(Crc32C.Append(uint.MaxValue, length), frame);

    private static byte[] MakePing()
    {
        var ping = new byte[HeaderBytes];
        Seal(ping);
        return ping;
    }
}

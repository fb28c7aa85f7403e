using System.Buffers.Binary;

namespace Etcdish.Rpc.Http2;

/// <summary>The kinds of frames (RFC 9113, section 6).</summary>
internal enum FrameKind : byte
{
    Data = 0,
    Headers = 1,
    Priority = 2,
    RstStream = 3,
    Settings = 4,
    PushPromise = 5,
    Ping = 6,
    GoAway = 7,
    WindowUpdate = 8,
    Continuation = 9,
}

/// <summary>The flags of frames; what a bit means depends on the kind.</summary>
internal static class FrameFlags
{
    public const byte None = 0;
    public const byte EndStream = 0x1;
    public const byte Ack = 0x1;
    public const byte EndHeaders = 0x4;
    public const byte Padded = 0x8;
    public const byte Priority = 0x20;
}

/// <summary>
/// What every frame begins with:
/// <code>
/// offset  size  field
/// 0       3     length of the payload that follows, big-endian
/// 3       1     kind
/// 4       1     flags
/// 5       4     one reserved bit, then the stream's number; 0 means the connection
/// </code>
/// </summary>
internal readonly record struct FrameHeader(int Length, FrameKind Kind, byte Flags, int StreamId)
{
    public const int Size = 9;

    /// <summary>
    /// The longest payload that either side may send: nobody here announces more than the default (RFC 9113, section 4.2).
    /// </summary>
    public const int MaxPayload = 16_384;

    private const int StreamIdMask = 0x7FFF_FFFF;

    public bool Has(byte flag) => (Flags & flag) != 0;

    public static FrameHeader Read(ReadOnlySpan<byte> bytes) => new(
        (bytes[0] << 16) | (bytes[1] << 8) | bytes[2],
        (FrameKind)bytes[3],
        bytes[4],
        BinaryPrimitives.ReadInt32BigEndian(bytes[5..]) & StreamIdMask);

    public static void Write(Span<byte> bytes, int length, FrameKind kind, byte flags, int streamId)
    {
        BinaryPrimitives.WriteInt32BigEndian(bytes[5..], streamId);
        bytes[4] = flags;
        bytes[3] = (byte)kind;
        bytes[2] = (byte)length;
        bytes[1] = (byte)(length >> 8);
        bytes[0] = (byte)(length >> 16);
    }
}

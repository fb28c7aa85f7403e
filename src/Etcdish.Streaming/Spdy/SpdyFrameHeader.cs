using System.Buffers.Binary;

namespace Etcdish.Streaming.Spdy;

/// <summary>
/// The eight bytes before every frame (section 2.2):
/// <code>
/// control  |1|   version (15)   |  type (16)  |  flags (8)  |  length (24)  |
/// data     |0|         stream (31)            |  flags (8)  |  length (24)  |
/// </code>
/// </summary>
/// <param name="Type">The frame's type.</param>
/// <param name="StreamId">The stream of a DATA frame; 0 for all others, which have it in their payload if at all.</param>
/// <param name="Flags">Its flags.</param>
/// <param name="Length">Bytes behind the header.</param>
internal readonly record struct SpdyFrameHeader(SpdyFrameType Type, uint StreamId, SpdyFlags Flags, int Length)
{
    public const int Size = 8;

    private const ushort ControlBit = 0x8000;
    private const ushort Version = 3;

    /// <exception cref="StreamingProtocolException">It is a frame of another version.</exception>
    public static SpdyFrameHeader Read(ReadOnlySpan<byte> bytes)
    {
        var head = BinaryPrimitives.ReadUInt16BigEndian(bytes);
        var tail = BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]);
        var flags = (SpdyFlags)(tail >> 24);
        var length = (int)(tail & 0xFF_FFFF);
        if ((head & ControlBit) == 0)
        {
            return new SpdyFrameHeader(SpdyFrameType.Data, BinaryPrimitives.ReadUInt32BigEndian(bytes), flags, length);
        }

        if (head != (ControlBit | Version))
        {
            throw new StreamingProtocolException($"a frame of SPDY version {head & ~ControlBit}, where only 3 is spoken");
        }

        return new SpdyFrameHeader((SpdyFrameType)BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]), 0, flags, length);
    }

    public void Write(Span<byte> bytes)
    {
        if (Type == SpdyFrameType.Data)
        {
            BinaryPrimitives.WriteUInt32BigEndian(bytes, StreamId);
        }
        else
        {
            BinaryPrimitives.WriteUInt16BigEndian(bytes, ControlBit | Version);
            BinaryPrimitives.WriteUInt16BigEndian(bytes[2..], (ushort)Type);
        }

        BinaryPrimitives.WriteUInt32BigEndian(bytes[4..], ((uint)Flags << 24) | (uint)Length);
    }
}

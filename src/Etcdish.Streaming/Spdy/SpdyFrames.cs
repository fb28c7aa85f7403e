using System.Buffers.Binary;

namespace Etcdish.Streaming.Spdy;

/// <summary>Makes control frames.</summary>
internal static class SpdyFrames
{
    public static byte[] RstStream(uint stream, SpdyResetCode code) => Make(SpdyFrameType.RstStream, stream, (uint)code);

    public static byte[] GoAway(uint lastStream, SpdyGoAwayCode code) => Make(SpdyFrameType.GoAway, lastStream, (uint)code);

    public static byte[] WindowUpdate(uint stream, int bytes) => Make(SpdyFrameType.WindowUpdate, stream, (uint)bytes);

    public static byte[] Ping(uint id)
    {
        var frame = Begin(SpdyFrameType.Ping, SpdyFlags.None, sizeof(uint));
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(SpdyFrameHeader.Size), id);
        return frame;
    }

    /// <param name="stream">The new stream.</param>
    /// <param name="flags">Flags.</param>
    /// <param name="block">Its headers, compressed.</param>
    public static byte[] SynStream(uint stream, SpdyFlags flags, ReadOnlySpan<byte> block)
    {
        // Behind the stream's number: the associated stream, priority and credential slot, all 0.
        const int BlockOffset = SpdyFrameHeader.Size + 10;
        var frame = Begin(SpdyFrameType.SynStream, flags, BlockOffset - SpdyFrameHeader.Size + block.Length);
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(SpdyFrameHeader.Size), stream);
        block.CopyTo(frame.AsSpan(BlockOffset));
        return frame;
    }

    public static byte[] SynReply(uint stream, ReadOnlySpan<byte> block)
    {
        var frame = Begin(SpdyFrameType.SynReply, SpdyFlags.None, sizeof(uint) + block.Length);
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(SpdyFrameHeader.Size), stream);
        block.CopyTo(frame.AsSpan(SpdyFrameHeader.Size + sizeof(uint)));
        return frame;
    }

    private static byte[] Make(SpdyFrameType type, uint first, uint second)
    {
        var frame = Begin(type, SpdyFlags.None, 2 * sizeof(uint));
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(SpdyFrameHeader.Size), first);
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(SpdyFrameHeader.Size + sizeof(uint)), second);
        return frame;
    }

    private static byte[] Begin(SpdyFrameType type, SpdyFlags flags, int length)
    {
        var frame = new byte[SpdyFrameHeader.Size + length];
        new SpdyFrameHeader(type, 0, flags, length).Write(frame);
        return frame;
    }
}

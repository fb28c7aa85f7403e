using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace Etcdish.Rpc.Tests.Http2;

/// <summary>Frames as bytes, written apart from the engine's own code, lawful or not.</summary>
internal static class Frames
{
    public const byte EndStream = 1;
    public const byte Ack = 1;
    public const byte EndHeaders = 4;
    public const byte Padded = 8;
    public const byte Priority = 0x20;

    public static byte[] Preface => RawHttp2Client.Preface;

    public static byte[] Make(int type, int flags, int streamId, ReadOnlySpan<byte> payload, int? claimedLength = null)
    {
        byte[] frame = new byte[9 + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, (claimedLength ?? payload.Length) << 8);
        frame[3] = (byte)type;
        frame[4] = (byte)flags;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), streamId);
        payload.CopyTo(frame.AsSpan(9));
        return frame;
    }

    public static byte[] Data(int streamId, ReadOnlySpan<byte> data, bool isEnd = false) => Make(0, isEnd ? EndStream : 0, streamId, data);

    /// <summary>A whole body in as many frames as it needs.</summary>
    public static byte[] Body(int streamId, byte[] body) =>
        body.Length <= 16_384
            ? Data(streamId, body, isEnd: true)
            : [.. Data(streamId, body.AsSpan(0, 16_384)), .. Body(streamId, body[16_384..])];

    public static byte[] Headers(int streamId, ReadOnlySpan<byte> block, bool isEnd = false) =>
        Make(1, EndHeaders | (isEnd ? EndStream : 0), streamId, block);

    public static byte[] Reset(int streamId, uint code = 8) => Make(3, 0, streamId, Number(code));

    public static byte[] Settings(params (ushort Id, uint Value)[] entries)
    {
        byte[] payload = new byte[6 * entries.Length];
        for (int i = 0; i < entries.Length; i++)
        {
            BinaryPrimitives.WriteUInt16BigEndian(payload.AsSpan(6 * i), entries[i].Id);
            BinaryPrimitives.WriteUInt32BigEndian(payload.AsSpan((6 * i) + 2), entries[i].Value);
        }

        return Make(4, 0, 0, payload);
    }

    public static byte[] Ping(ReadOnlySpan<byte> payload, bool isAck = false) => Make(6, isAck ? Ack : 0, 0, payload);

    public static byte[] WindowUpdate(int streamId, uint increment) => Make(8, 0, streamId, Number(increment));

    public static byte[] Number(uint value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return bytes;
    }

    /// <summary>Headers of a call to the Echo service with some of them left out, changed or added.</summary>
    public static byte[] Request(params (string Name, string Value)[] headers) => RawHttp2Client.HeaderBlock(headers);

    public static bool TryRead(in ReadOnlySequence<byte> buffer, [NotNullWhen(true)] out Frame? frame, out SequencePosition end)
    {
        frame = null;
        end = buffer.Start;
        if (buffer.Length < 9)
        {
            return false;
        }

        byte[] header = buffer.Slice(0, 9).ToArray();
        int length = BinaryPrimitives.ReadInt32BigEndian(header) >>> 8;
        if (buffer.Length < 9 + length)
        {
            return false;
        }

        ReadOnlySequence<byte> payload = buffer.Slice(9, length);
        end = payload.End;
        frame = new Frame((FrameType)header[3], header[4], BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(5)), payload.ToArray());
        return true;
    }
}

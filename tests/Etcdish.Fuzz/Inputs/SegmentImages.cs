using System.Buffers.Binary;
using Etcdish.Log;

namespace Etcdish.Fuzz.Inputs;

/// <summary>Small segments of the log as bytes.</summary>
internal static class SegmentImages
{
    public const ulong Salt = 0x5A17;
    public const uint Number = 3;
    public const uint FirstChain = 77;

    /// <summary>A header, a few sound frames, zeros.</summary>
    public static byte[] Make(Random random)
    {
        var image = new byte[random.Next(1, 5) * 512];
        var identity = new LogIdentity(7, 9, Salt);
        LogFormat.WriteSegmentHeader(image, new SegmentHeader(identity, Number, 5, 4096, FirstChain, (uint)image.Length));
        var chain = FirstChain;
        var batchStart = (uint)LogFormat.SegmentHeaderBytes;
        for (var offset = LogFormat.SegmentHeaderBytes; random.Next(8) != 0;)
        {
            var length = random.Next(120);
            if (offset + LogFormat.FrameBytes(length) > image.Length)
            {
                break;
            }

            random.NextBytes(image.AsSpan(offset + LogFormat.FrameHeaderBytes, length));
            batchStart = random.Next(2) == 0 ? (uint)offset : batchStart;
            chain = Seal(image, offset, new FrameHeader((byte)random.Next(128), length, batchStart, 1, 2), chain);
            offset += LogFormat.FrameBytes(length);
        }

        return image;
    }

    /// <summary>Gives damaged frames good checksums as long as their lengths lead from one to the next.</summary>
    public static void Reseal(byte[] image)
    {
        var chain = FirstChain;
        for (var offset = LogFormat.SegmentHeaderBytes; offset + LogFormat.FrameHeaderBytes <= image.Length;)
        {
            var frame = image.AsSpan(offset);
            var sizeAndKind = BinaryPrimitives.ReadUInt32LittleEndian(frame[4..]);
            var length = (int)(sizeAndKind & LogFormat.MaxPayloadBytes);
            if (sizeAndKind == 0 || offset + LogFormat.FrameBytes(length) > image.Length)
            {
                return;
            }

            var batchStart = BinaryPrimitives.ReadUInt32LittleEndian(frame[12..]);
            var index = BinaryPrimitives.ReadUInt64LittleEndian(frame[16..]);
            var term = BinaryPrimitives.ReadUInt64LittleEndian(frame[24..]);
            chain = Seal(image, offset, new FrameHeader((byte)(sizeAndKind >> 24), length, batchStart, index, term), chain);
            offset += LogFormat.FrameBytes(length);
        }
    }

    private static uint Seal(byte[] image, int offset, in FrameHeader header, uint chain) =>
        LogFormat.SealFrame(image.AsSpan(offset), header, LogFormat.SegmentSeed(Salt, Number), (uint)offset, chain);
}

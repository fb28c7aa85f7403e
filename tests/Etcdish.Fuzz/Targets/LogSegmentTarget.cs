using Etcdish.Fuzz.Inputs;
using Etcdish.Log;

namespace Etcdish.Fuzz.Targets;

/// <summary>
/// The reader of a segment's header and frames, and the searches that recovery makes in what follows the last sound frame: no exception
/// but the documented one, every record within the file, every step forward.
/// </summary>
internal sealed class LogSegmentTarget : IFuzzTarget
{
    public string Name => "logSegment";

    public byte[] MakeInput(Random random)
    {
        var input = InputMutator.MakeInput(random, SegmentImages.Make);
        if (random.Next(2) == 0)
        {
            input = (byte[])input.Clone();
            SegmentImages.Reseal(input);
        }

        return input;
    }

    // The reader's own buffers are as long as the file; the searches take another each.
    public long MostAllocatedBytes(byte[] input) => (64 << 10) + 16L * input.Length;

    public bool Accepts(byte[] input)
    {
        var file = new MemoryFile(input);
        Span<byte> headerBytes = stackalloc byte[LogFormat.SegmentHeaderBytes];
        headerBytes.Clear();
        _ = file.Read(headerBytes, 0);
        SegmentHeader? header;
        try
        {
            header = LogFormat.ReadSegmentHeader(headerBytes, "segment");
        }
        catch (LogIdentityException)
        {
            return false;
        }

        using var segment = new Segment(SegmentImages.Number, "segment", file, Math.Max(input.Length, LogFormat.SegmentHeaderBytes), header);
        var reader = new SegmentReader(segment, SegmentImages.Salt, SegmentImages.FirstChain, segment.Bytes);
        ReadFrames(reader, input.Length);
        _ = SegmentReader.AnyLaterBatch(segment, SegmentImages.Salt, reader.Offset, reader.Offset);
        var end = SegmentReader.EndOfData(segment, reader.Offset);
        return end >= reader.Offset && end <= segment.Bytes
            ? header is not null && reader.Count > 0
            : throw new ContractException($"data ends at {end}");
    }

    private static void ReadFrames(SegmentReader reader, int length)
    {
        var offset = reader.Offset;
        while (reader.Next(out var record) == FrameState.Sound)
        {
            if (reader.Offset <= offset || reader.Offset > length || record.Payload.Offset != offset + LogFormat.FrameHeaderBytes)
            {
                throw new ContractException($"the frame at {offset} ends at {reader.Offset}");
            }

            offset = reader.Offset;
        }
    }
}

namespace Etcdish.Log;

/// <summary>
/// The first walk over the log after opening: yields every record from a position on, finds the end, and decides whether what stands
/// there is a torn batch (cut) or damage (refused, nothing touched). README.md has the table that this file follows.
/// </summary>
internal sealed class LogRecovery(IDisk disk, string directory, SegmentTable segments, DurableMark mark)
{
    private ulong _sequence;

    /// <summary>Where the log ends; set when the walk is over.</summary>
    internal DurableEnd End { get; private set; }

    /// <summary>Bytes of a torn batch that were cut.</summary>
    internal long TornBytes { get; private set; }

    internal IEnumerable<LogRecord> Run(LogPosition from)
    {
        Segment segment = First(from);
        _sequence = segment.Header!.Value.FirstSequence;
        while (true)
        {
            SegmentHeader header = segment.Header!.Value;
            var reader = new SegmentReader(segment, mark.Identity.Salt, header.Chain, segment.Bytes);
            var fromIsBoundary = segment.Number != from.Segment;
            while (reader.Next(out LogRecord record) == FrameState.Sound)
            {
                var start = new LogPosition(segment.Number, record.Payload.Offset - LogFormat.FrameHeaderBytes);
                fromIsBoundary |= start == from;
                if (start >= from)
                {
                    yield return record;
                }
            }

            _sequence += reader.Count;
            segment.UsedBytes = reader.Offset;
            fromIsBoundary |= new LogPosition(segment.Number, reader.Offset) == from;
            if (Continuation(segment, reader) is not { } next)
            {
                Finish(segment, reader, from, fromIsBoundary);
                yield break;
            }

            CheckBoundary(segment, reader, from, fromIsBoundary);
            segment = next;
        }
    }

    private Segment First(LogPosition from)
    {
        var path = Path.Combine(directory, LogFormat.SegmentName(from.Segment));
        Segment segment = segments.Find(from.Segment)
            ?? throw new LogDamagedException(path, from.Offset, "the segment to replay from is missing");
        return segment.Header is not null ? segment : throw HeaderDamaged(segment);
    }

    private static LogDamagedException HeaderDamaged(Segment segment) =>
        new(segment.Path, 0, "the segment header does not match its checksum");

    // A sound header of the next segment was written after this segment was durable up to its end, so it settles where that is.
    private Segment? Continuation(Segment segment, SegmentReader reader)
    {
        Segment? next = segments.Find(segment.Number + 1);
        if (next?.Header is { } header)
        {
            return header.PreviousEnd == reader.Offset && header.Chain == reader.Chain && header.FirstSequence == _sequence
                ? next
                : throw new LogDamagedException(
                    segment.Path, reader.Offset, $"the sound frames end here, but the next segment says they end at {header.PreviousEnd}");
        }

        // Segment n + 2 gets its name only after n + 1 is full and durable.
        if (segments.Highest > segment.Number + 1)
        {
            throw next is not null
                ? HeaderDamaged(next)
                : new LogDamagedException(
                    Path.Combine(directory, LogFormat.SegmentName(segment.Number + 1)), 0, "the segment is missing, later ones exist");
        }

        return null;
    }

    private void Finish(Segment segment, SegmentReader reader, LogPosition from, bool fromIsBoundary)
    {
        var end = new LogPosition(segment.Number, reader.Offset);
        if (mark.Last.Position > end)
        {
            throw new LogDamagedException(
                segment.Path, end.Offset, $"no sound frame here, but the log was durable up to {mark.Last.Position}");
        }

        if (mark.Last.Position == end && (mark.Last.Sequence != _sequence || mark.Last.Chain != reader.Chain))
        {
            throw new LogDamagedException(segment.Path, end.Offset, "the frames before are not the ones that were made durable");
        }

        if (SegmentReader.AnyLaterBatch(segment, mark.Identity.Salt, end.Offset, end.Offset))
        {
            throw new LogDamagedException(segment.Path, end.Offset, "no sound frame here, but a later batch follows");
        }

        Segment? next = segments.Find(segment.Number + 1);
        if (next is not null
            && SegmentReader.AnyLaterBatch(next, mark.Identity.Salt, LogFormat.SegmentHeaderBytes, LogFormat.SegmentHeaderBytes))
        {
            throw HeaderDamaged(next);
        }

        CheckBoundary(segment, reader, from, fromIsBoundary);
        End = new DurableEnd(end, _sequence, reader.Chain);
        Cut(segment, end.Offset, next);
    }

    private static void CheckBoundary(Segment segment, SegmentReader reader, LogPosition from, bool fromIsBoundary)
    {
        if (segment.Number == from.Segment && !fromIsBoundary)
        {
            throw new LogDamagedException(
                segment.Path, reader.Offset, $"no record begins at {from}, from where the log is to be replayed");
        }
    }

    // The torn bytes are overwritten with zeros, durably, before anything is appended: left in place, a later start could take them for
    // frames that follow what will be written here.
    private void Cut(Segment segment, uint end, Segment? next)
    {
        var dataEnd = SegmentReader.EndOfData(segment, end);
        TornBytes = dataEnd - end;
        var zeros = new byte[Math.Min(1 << 20, TornBytes)];
        for (long offset = end; offset < dataEnd; offset += zeros.Length)
        {
            segment.File.Write(zeros.AsSpan(0, (int)Math.Min(zeros.Length, dataEnd - offset)), offset);
        }

        if (TornBytes > 0)
        {
            segment.File.Sync();
        }

        if (next is not null)
        {
            TornBytes += SegmentReader.EndOfData(next, 0);
            disk.Delete(next.Path);
            disk.SyncDirectory(directory);
            segments.Forget(next);
        }
    }
}

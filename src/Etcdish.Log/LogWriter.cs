namespace Etcdish.Log;

/// <summary>
/// The end of the log that is written to: encodes records into the batch, rolls to the next segment, and commits. One thread only.
/// </summary>
internal sealed class LogWriter(
    IDisk disk, string directory, int maxPayloadBytes, DurableMark mark, SegmentTable segments, SegmentPreparer preparer)
    : IDisposable
{
    private readonly LogBatch _batch = new();

    // Where the next record goes: the committed end and what the batch has added to it.
    private Segment? _active;
    private uint _activeSeed;
    private uint _offset;
    private uint _chain;
    private ulong _sequence;
    private uint _batchStart;

    private volatile Exception? _failure;
    private volatile uint _committedSegment;

    /// <summary>The end of the durable log.</summary>
    internal DurableEnd Committed { get; private set; }

    /// <summary>The segment that holds the durable end; every lower one is sealed. 0 before recovery. Any thread.</summary>
    internal uint CommittedSegment => _committedSegment;

    internal bool HasFailed => _failure is not null;

    /// <summary>Begins to write at <paramref name="end"/>, which recovery has found.</summary>
    internal void Start(in DurableEnd end)
    {
        SetCommitted(end);
        ReturnToCommitted();
        preparer.Request(end.Position.Segment + 1);
    }

    internal LogPosition Append(byte kind, ulong index, ulong term, ReadOnlySpan<byte> head, ReadOnlySpan<byte> tail)
    {
        ThrowIfFailed();
        var length = (long)head.Length + tail.Length;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, maxPayloadBytes, "payload");
        var frameBytes = LogFormat.FrameBytes((int)length);
        if (_offset + (long)frameBytes > _active!.Bytes)
        {
            Roll();
        }
        else if (_batch.IsEmpty)
        {
            _batchStart = _offset;
            _batch.BeginRun(_active, _offset);
        }

        Span<byte> frame = _batch.Reserve(frameBytes);
        head.CopyTo(frame[LogFormat.FrameHeaderBytes..]);
        tail.CopyTo(frame[(LogFormat.FrameHeaderBytes + head.Length)..]);
        frame[(LogFormat.FrameHeaderBytes + (int)length)..].Clear();
        var header = new FrameHeader(kind, (int)length, _batchStart, index, term);
        _chain = LogFormat.SealFrame(frame, header, _activeSeed, _offset, _chain);
        var payload = new LogPosition(_active.Number, _offset + LogFormat.FrameHeaderBytes);
        _offset += (uint)frameBytes;
        _sequence++;
        return payload;
    }

    internal void Commit()
    {
        ThrowIfFailed();
        if (_batch.IsEmpty)
        {
            return;
        }

        try
        {
            foreach (ref readonly LogBatch.Run run in _batch.Runs)
            {
                if (run.Segment.Number != _committedSegment)
                {
                    Publish(run.Segment);
                }

                run.Segment.File.Write(_batch.Bytes(run), run.Offset);
                run.Segment.File.Sync();
                run.Segment.UsedBytes = run.Offset + (uint)run.Length;
            }

            mark.Write(new DurableEnd(new LogPosition(_active!.Number, _offset), _sequence, _chain));
        }
        catch (Exception e)
        {
            throw Fail(e);
        }

        ThrowIfFailed();
        SetCommitted(mark.Last);
        _batch.Clear();
        preparer.Request(_active.Number + 1);
    }

    /// <summary>Poisons the log: no later write will succeed.</summary>
    internal LogFailedException Fail(Exception cause)
    {
        _failure ??= cause;
        return new LogFailedException($"the log in {directory} failed and takes no more writes: {cause.Message}", cause);
    }

    internal void ThrowIfFailed()
    {
        if ((_failure ?? preparer.Fatal) is { } cause)
        {
            throw Fail(cause);
        }
    }

    /// <summary>Closes segments that the dropped batch would have entered; the others belong to the table.</summary>
    public void Dispose()
    {
        foreach (ref readonly LogBatch.Run run in _batch.Runs)
        {
            if (segments.Find(run.Segment.Number) is null)
            {
                run.Segment.Dispose();
            }
        }
    }

    // The segment is only in memory, under its temporary name, until the batch that enters it is committed.
    private void Roll()
    {
        var number = _active!.Number + 1;
        IDiskFile file;
        try
        {
            file = preparer.Take(number);
        }
        catch (DiskFullException)
        {
            DropBatch();
            throw;
        }
        catch (Exception e)
        {
            throw Fail(e);
        }

        var header = new SegmentHeader(mark.Identity, number, _sequence, _offset, _chain, (uint)file.Length);
        _active = new Segment(number, Path.Combine(directory, LogFormat.SegmentName(number)), file, file.Length, header);
        _activeSeed = LogFormat.SegmentSeed(mark.Identity.Salt, number);
        _batch.BeginRun(_active, 0);
        LogFormat.WriteSegmentHeader(_batch.Reserve(LogFormat.SegmentHeaderBytes), header);
        _offset = LogFormat.SegmentHeaderBytes;
        _batchStart = _offset;
    }

    // By now everything in the segment before is durable, which is what the name of this one stands for.
    private void Publish(Segment segment)
    {
        disk.Rename(preparer.TemporaryPath(segment.Number), segment.Path);
        disk.SyncDirectory(directory);
        segments.Add(segment);
    }

    private void DropBatch()
    {
        foreach (ref readonly LogBatch.Run run in _batch.Runs)
        {
            if (run.Segment.Number != _committedSegment)
            {
                preparer.Return(run.Segment.Number, run.Segment.File);
            }
        }

        _batch.Clear();
        ReturnToCommitted();
    }

    private void SetCommitted(in DurableEnd end)
    {
        Committed = end;
        _committedSegment = end.Position.Segment;
    }

    private void ReturnToCommitted()
    {
        _active = segments.Find(Committed.Position.Segment)!;
        _activeSeed = LogFormat.SegmentSeed(mark.Identity.Salt, _active.Number);
        _offset = Committed.Position.Offset;
        _chain = Committed.Chain;
        _sequence = Committed.Sequence;
    }
}

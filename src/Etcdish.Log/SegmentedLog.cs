namespace Etcdish.Log;

/// <summary>
/// The durable log: records appended in batches, each batch one write and one sync. See README.md for its invariants and threading rules:
/// <see cref="Append(byte, ulong, ulong, ReadOnlySpan{byte})"/>, <see cref="Commit"/> and <see cref="Replay"/> belong to one thread,
/// everything else may be called from any.
/// </summary>
public sealed class SegmentedLog : IDisposable
{
    private readonly string _directory;
    private readonly LogOptions _options;
    private readonly IDisk _disk;
    private readonly IDisposable _lock;
    private readonly DurableMark _mark;
    private readonly SegmentTable _segments;
    private readonly SegmentPreparer _preparer;
    private readonly LogWriter _writer;
    private bool _isDisposed;
    private bool _isRecovered;

    private SegmentedLog(string directory, LogOptions options, IDisposable directoryLock, DurableMark mark, SegmentTable segments)
    {
        _directory = directory;
        _options = options;
        _disk = options.Disk;
        _lock = directoryLock;
        _mark = mark;
        _segments = segments;
        _preparer = new SegmentPreparer(_disk, directory, options.SegmentBytes, options.PrepareInBackground);
        _writer = new LogWriter(_disk, directory, options.MaxPayloadBytes, mark, segments, _preparer);
    }

    /// <summary>The cluster id that the log was created with.</summary>
    public ulong ClusterId => _mark.Identity.ClusterId;

    /// <summary>The member id that the log was created with.</summary>
    public ulong MemberId => _mark.Identity.MemberId;

    /// <summary>Where the next record will begin once the current batch is committed or dropped: the end of the durable log.</summary>
    /// <exception cref="InvalidOperationException">The log was not replayed to its end yet.</exception>
    public LogPosition End
    {
        get
        {
            ThrowIfNotRecovered();
            return _writer.Committed.Position;
        }
    }

    /// <summary>What recovery found, once the first <see cref="Replay"/> has run to its end; else null.</summary>
    public RecoveryReport? Recovery { get; private set; }

    /// <summary>Greatest payload that <see cref="Append(byte, ulong, ulong, ReadOnlySpan{byte})"/> takes, in bytes.</summary>
    public int MaxPayloadBytes => _options.MaxPayloadBytes;

    /// <summary>
    /// Whether the next segment could not be prepared for lack of space. Appends still succeed in the rest of the current segment; a node
    /// that stops taking user writes now keeps that room for deletes, compaction and membership changes. Turns false by itself.
    /// </summary>
    public bool IsSpaceShort => _preparer.IsSpaceShort;

    /// <summary>The segments, oldest first.</summary>
    public IReadOnlyList<SegmentInfo> Segments
    {
        get
        {
            var active = _writer.CommittedSegment;
            var infos = new List<SegmentInfo>();
            foreach (Segment segment in _segments.Snapshot())
            {
                var used = segment.UsedBytes == 0 ? segment.Bytes : segment.UsedBytes;
                infos.Add(new SegmentInfo(segment.Number, segment.Bytes, used, segment.Number < active));
            }

            return infos;
        }
    }

    /// <summary>
    /// Opens the log in a folder, or creates both. Takes the folder's lock and takes stock of the files; the records are read, judged and
    /// if need be repaired by the first <see cref="Replay"/>, which must run to its end before anything is appended.
    /// </summary>
    /// <param name="directory">The data folder; created with mode 0700 when missing.</param>
    /// <param name="options">Sizes, ids and the disk.</param>
    /// <exception cref="LogLockedException">Another process has the folder open.</exception>
    /// <exception cref="LogIdentityException">The log belongs to another cluster or member, or has another format.</exception>
    /// <exception cref="LogDamagedException">Files that were once durable are missing or changed.</exception>
    /// <exception cref="DiskFullException">A new log found no space for its first segment.</exception>
    public static SegmentedLog Open(string directory, LogOptions options)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        ArgumentNullException.ThrowIfNull(options);
        IDisk disk = options.Disk;
        disk.CreateDirectory(directory);
        IDisposable directoryLock = disk.LockDirectory(directory);
        DurableMark? mark = null;
        var segments = new SegmentTable();
        SegmentedLog? log = null;
        try
        {
            mark = LogFolder.OpenMark(disk, directory, options);
            LogFolder.OpenSegments(disk, directory, mark, segments);
            log = new SegmentedLog(directory, options, directoryLock, mark, segments);
            log.CreateFirstSegmentIfNew();
            return log;
        }
        catch
        {
            log?._preparer.Dispose();
            segments.Dispose();
            mark?.Dispose();
            directoryLock.Dispose();
            throw;
        }
    }

    /// <summary>
    /// The records from a position on, in order. The first run after opening is the recovery: it finds the end of the log, cuts a torn
    /// tail, refuses damage, and must be run to its end (see <see cref="Recover"/>). Later runs stop at the committed end.
    /// </summary>
    /// <param name="from">
    /// Where a record begins: an <see cref="End"/> that was kept in a checkpoint, or <see cref="LogPosition.Beginning"/>.
    /// </param>
    /// <exception cref="LogDamagedException">A record that was once durable is missing or changed. Nothing was altered on disk.</exception>
    public IEnumerable<LogRecord> Replay(LogPosition from)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return _isRecovered ? ReplayCommitted(from) : ReplayAndRecover(from);
    }

    /// <summary>Runs the first <see cref="Replay"/> to its end without looking at the records.</summary>
    /// <param name="from">As for <see cref="Replay"/>.</param>
    /// <exception cref="LogDamagedException">As for <see cref="Replay"/>.</exception>
    public void Recover(LogPosition from)
    {
        foreach (LogRecord _ in ReplayAndRecover(from))
        {
        }
    }

    /// <summary>
    /// Adds a record to the current batch; nothing reaches the disk before <see cref="Commit"/>. Does not allocate unless the batch
    /// outgrows its buffer.
    /// </summary>
    /// <param name="kind">The caller's kind of record, 0 to 127 by convention; the log does not look at it.</param>
    /// <param name="index">The caller's index; the log does not look at it.</param>
    /// <param name="term">The caller's term; the log does not look at it.</param>
    /// <param name="payload">At most <see cref="MaxPayloadBytes"/>.</param>
    /// <returns>Where the first byte of the payload will lie.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The payload is too big. The batch is as it was.</exception>
    /// <exception cref="DiskFullException">The record needs a new segment and there is no space. The whole batch is dropped.</exception>
    /// <exception cref="LogFailedException">The disk failed, now or earlier. No write will succeed any more.</exception>
    public LogPosition Append(byte kind, ulong index, ulong term, ReadOnlySpan<byte> payload)
    {
        ThrowIfNotRecovered();
        return _writer.Append(kind, index, term, payload, default);
    }

    /// <summary>As <see cref="Append(byte, ulong, ulong, ReadOnlySpan{byte})"/>, with a payload in two pieces.</summary>
    /// <param name="kind">The caller's kind of record.</param>
    /// <param name="index">The caller's index.</param>
    /// <param name="term">The caller's term.</param>
    /// <param name="head">The first bytes of the payload.</param>
    /// <param name="tail">The rest of the payload.</param>
    /// <returns>Where the first byte of the payload will lie.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The payload is too big. The batch is as it was.</exception>
    /// <exception cref="DiskFullException">The record needs a new segment and there is no space. The whole batch is dropped.</exception>
    /// <exception cref="LogFailedException">The disk failed, now or earlier. No write will succeed any more.</exception>
    public LogPosition Append(byte kind, ulong index, ulong term, ReadOnlySpan<byte> head, ReadOnlySpan<byte> tail)
    {
        ThrowIfNotRecovered();
        return _writer.Append(kind, index, term, head, tail);
    }

    /// <summary>The name of a segment's file, without its folder.</summary>
    /// <param name="segment">The segment's number.</param>
    public static string FileNameOf(uint segment) => LogFormat.SegmentName(segment);

    /// <summary>Where the record begins whose payload lies at a place: from there a <see cref="Replay"/> can start.</summary>
    /// <param name="payload">What <see cref="Append(byte, ulong, ulong, ReadOnlySpan{byte})"/> returned, or a replayed record's place.</param>
    /// <returns>The position of the record.</returns>
    public static LogPosition RecordAt(LogPosition payload) => payload with { Offset = payload.Offset - LogFormat.FrameHeaderBytes };

    /// <summary>
    /// Makes the current batch durable: one write and one sync (one more of each per segment that the batch enters). Returns only when
    /// everything appended so far would survive the power going out. Does nothing when the batch is empty.
    /// </summary>
    /// <exception cref="LogFailedException">The disk failed, now or earlier. What of the batch is durable is unknown: stop.</exception>
    public void Commit()
    {
        ThrowIfNotRecovered();
        _writer.Commit();
    }

    /// <summary>
    /// Reads committed bytes. Does not allocate. The bytes are as the disk gives them: whoever kept a checksum checks it.
    /// </summary>
    /// <param name="segment">The segment's number.</param>
    /// <param name="offset">First byte, from the start of the file.</param>
    /// <param name="destination">Filled completely.</param>
    /// <exception cref="LogDamagedException">The segment does not exist, or ends before the last byte asked for.</exception>
    public void Read(uint segment, uint offset, Span<byte> destination)
    {
        Segment source = _segments.Find(segment) ?? throw Missing(segment, offset);
        if (source.File.Read(destination, offset) < destination.Length)
        {
            throw new LogDamagedException(source.Path, offset, $"the file ends before {destination.Length} bytes that lay here");
        }
    }

    /// <summary>
    /// Enters a scope in which every segment that exists now stays readable, also when it is deleted meanwhile. Cheap, never blocks, does
    /// not allocate. Keep it short: deleted segments occupy the disk until it ends.
    /// </summary>
    /// <returns>A token for <see cref="ExitRead"/>, which any thread may call, once.</returns>
    public int EnterRead() => _segments.EnterRead();

    /// <summary>Leaves a scope.</summary>
    /// <param name="token">What <see cref="EnterRead"/> returned.</param>
    public void ExitRead(int token) => _segments.ExitRead(token);

    /// <summary>
    /// Deletes a sealed segment: the name at once, the bytes when the scopes entered before have left. The caller knows that nothing refers
    /// to it any more and that no kept checkpoint replays from it or from before it.
    /// </summary>
    /// <param name="segment">The segment's number.</param>
    /// <exception cref="InvalidOperationException">The segment is not sealed.</exception>
    /// <exception cref="LogDamagedException">There is no such segment.</exception>
    /// <exception cref="LogFailedException">The disk failed, now or earlier.</exception>
    public void DeleteSegment(uint segment)
    {
        ThrowIfNotRecovered();
        _writer.ThrowIfFailed();
        Segment victim = _segments.Find(segment) ?? throw Missing(segment, 0);
        if (victim.Number >= _writer.CommittedSegment)
        {
            throw new InvalidOperationException($"{victim.Path} is still written to and cannot be deleted");
        }

        try
        {
            _disk.Delete(victim.Path);
            _disk.SyncDirectory(_directory);
        }
        catch (Exception e)
        {
            throw _writer.Fail(e);
        }

        _segments.Retire(victim);
    }

    /// <summary>Bytes that the file system still has for the log.</summary>
    public long FreeBytes() => _disk.FreeBytes(_directory);

    /// <summary>Drops what was not committed, records durably where the log ends, and lets go of the folder.</summary>
    public void Dispose()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        try
        {
            _preparer.Dispose();
            _writer.Dispose();
            if (_isRecovered && !_writer.HasFailed)
            {
                _mark.Sync();
            }
        }
        finally
        {
            _segments.Dispose();
            _mark.Dispose();
            _lock.Dispose();
        }
    }

    private LogDamagedException Missing(uint segment, long offset) =>
        new(Path.Combine(_directory, LogFormat.SegmentName(segment)), offset, "the segment does not exist");

    private void ThrowIfNotRecovered()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (!_isRecovered)
        {
            throw new InvalidOperationException("the log must be replayed to its end first");
        }
    }

    private void CreateFirstSegmentIfNew()
    {
        if (!LogFolder.IsNew(_mark, _segments))
        {
            return;
        }

        Segment segment = _segments.Find(1) ?? LogFolder.CreateFirstSegment(_disk, _directory, _preparer, _segments);
        LogFolder.WriteFirstHeader(segment, _mark);
    }

    private IEnumerable<LogRecord> ReplayAndRecover(LogPosition from)
    {
        var recovery = new LogRecovery(_disk, _directory, _segments, _mark);
        long records = 0;
        foreach (LogRecord record in recovery.Run(from))
        {
            records++;
            yield return record;
        }

        _mark.Write(recovery.End);
        _mark.Sync();
        _writer.Start(recovery.End);
        Recovery = new RecoveryReport(records, recovery.End.Position, recovery.TornBytes);
        _isRecovered = true;
    }

    private IEnumerable<LogRecord> ReplayCommitted(LogPosition from)
    {
        LogPosition end = _writer.Committed.Position;
        for (var number = from.Segment; number <= end.Segment; number++)
        {
            Segment segment = _segments.Find(number) ?? throw Missing(number, 0);
            SegmentHeader header = segment.Header
                ?? throw new LogDamagedException(segment.Path, 0, "the segment header does not match its checksum");
            long stop = number == end.Segment
                ? end.Offset
                : _segments.Find(number + 1)?.Header?.PreviousEnd ?? throw Missing(number + 1, 0);
            var reader = new SegmentReader(segment, _mark.Identity.Salt, header.Chain, stop);
            while (reader.Next(out LogRecord record) == FrameState.Sound)
            {
                if (new LogPosition(number, record.Payload.Offset - LogFormat.FrameHeaderBytes) >= from)
                {
                    yield return record;
                }
            }

            if (reader.Offset != stop)
            {
                throw new LogDamagedException(
                    segment.Path, reader.Offset, $"no sound frame here, but the segment was durable up to {stop}");
            }
        }
    }
}

using Etcdish.Log;
using Etcdish.Store;

namespace Etcdish.Cluster;

/// <summary>
/// Writes the index to a checkpoint file from time to time, so that recovery replays only the tail of the log. Writes go on meanwhile: the loop
/// is asked only for a capture (a few counters), the rest is read in pieces.
/// </summary>
internal sealed class Checkpointer
{
    private const long WorthwhileBytes = 1 << 20;
    private const long QuietBytes = 4 << 20;
    private const int GroupTailFactor = 4;
    private static readonly TimeSpan _pauseAfterRefusal = TimeSpan.FromSeconds(5);

    private readonly SegmentedLog _log;
    private readonly RevisionStore _store;
    private readonly Replica _replica;
    private readonly IWriteQueue _queue;
    private readonly CheckpointStore _files;
    private readonly NodeOptions _options;
    private readonly NodeMetrics _metrics;
    private LogPosition _endAtLastLook;
    private long _notBefore;
    private int _takeOversAtNewest;

    public Checkpointer(
        SegmentedLog log,
        RevisionStore store,
        Replica replica,
        IWriteQueue queue,
        CheckpointStore files,
        NodeOptions options,
        NodeMetrics metrics)
    {
        _log = log;
        _store = store;
        _replica = replica;
        _queue = queue;
        _files = files;
        _options = options;
        _metrics = metrics;
    }

    /// <summary>Where recovery from the newest checkpoint starts to replay; default when there is none.</summary>
    public LogPosition ReplayFrom { get; private set; }

    /// <summary>
    /// Segments before <see cref="ReplayFrom"/> that held no live value when the newest checkpoint was captured. They may go once the next
    /// one is written, since then both kept checkpoints can do without them.
    /// </summary>
    public IReadOnlyList<uint> DeadAtNewest { get; private set; } = [];

    /// <summary>
    /// Whether enough log has come since the newest checkpoint. The bound grows with the checkpoint's own size, so that a large store does
    /// not spend its disk on writing the index again and again. Soon after state was received, so that its segments need not be replayed.
    /// </summary>
    /// <remarks>
    /// While a member of a group replays its tail the others serve, so it writes fewer: each takes a tenth of a second and more of a core,
    /// and all members write theirs.
    /// </remarks>
    public bool IsDue => _replica.TakeOvers != _takeOversAtNewest || BytesSinceNewest >= Math.Max(
        _options.CheckpointBytes * (_replica.Status.DecidesAlone ? 1 : GroupTailFactor), SizeOfNewest);

    /// <summary>Whether the disk refused something a moment ago, so that nothing should be written for now.</summary>
    public bool IsPostponed => _options.Clock.GetTimestamp() < _notBefore;

    /// <summary>
    /// Whether nothing was written since the last time this was asked, and the tail is long enough to use the quiet for a checkpoint: a
    /// burst is then not replayed for ever after.
    /// </summary>
    public bool IsDueInQuiet()
    {
        LogPosition end = _log.End;
        bool isQuiet = end == _endAtLastLook;
        _endAtLastLook = end;
        return isQuiet && BytesSinceNewest >= Math.Max(QuietBytes, SizeOfNewest / 4);
    }

    /// <summary>Whether replaying the tail would take noticeably longer than reading a checkpoint.</summary>
    public bool IsWorthwhile => BytesSinceNewest >= WorthwhileBytes;

    /// <summary>Size of the newest checkpoint in bytes, 0 when there is none.</summary>
    public long SizeOfNewest { get; private set; }

    private long BytesSinceNewest
    {
        get
        {
            LogPosition end = _log.End;
            return ((long)end.Segment - ReplayFrom.Segment) * _options.Log.SegmentBytes + end.Offset - ReplayFrom.Offset;
        }
    }

    /// <summary>
    /// Whether there is space that only checkpoints can give back, and enough of it: sealed segments that are mostly dead must first be
    /// behind the newest checkpoint to be collected, and dead ones behind both to be deleted. An idle node would not write them for its
    /// log's sake.
    /// </summary>
    public bool HasSpaceToGiveBack
    {
        get
        {
            Dictionary<uint, long> live = LiveBytesBySegment(_store);
            long reclaimable = 0;
            foreach (SegmentInfo segment in _log.Segments)
            {
                long left = live.GetValueOrDefault(segment.Number);
                if (segment.Sealed && left <= segment.UsedBytes * (1 - _options.CollectDeadShare))
                {
                    reclaimable += segment.FileBytes - left;
                }
            }

            return reclaimable > 0 && reclaimable * 2 >= SizeOfNewest;
        }
    }

    /// <summary>Takes over what recovery found.</summary>
    public void Recovered(LogPosition replayFrom, long checkpointBytes)
    {
        ReplayFrom = replayFrom;
        SizeOfNewest = checkpointBytes;
    }

    /// <summary>After a refusal: not again for a while.</summary>
    public void Postpone() =>
        _notBefore = _options.Clock.GetTimestamp() + (long)(_pauseAfterRefusal.TotalSeconds * _options.Clock.TimestampFrequency);

    /// <summary>
    /// Writes a checkpoint, then deletes the segments that neither it nor the one before needs. Nothing is done while state is received: a
    /// replay from now on would miss its first parts.
    /// </summary>
    /// <exception cref="DiskFullException">There is no room; the older checkpoint stays.</exception>
    public async Task RunAsync()
    {
        StoreCheckpoint? capture = null;
        LogPosition position = default;
        long size = 0;
        ClusterState? cluster = null;
        uint oldestNeeded = 0;
        int takeOvers = 0;
        await _queue.Enqueue(0, default, () =>
        {
            if (_replica.IsReceiving)
            {
                return;
            }

            takeOvers = _replica.TakeOvers;
            capture = _store.CaptureCheckpoint();
            position = _replica.ReplayFrom(_log.End);
            cluster = _replica.CaptureCluster();
            oldestNeeded = _replica.OldestNeededSegment(_log.IsSpaceShort);
        }).ConfigureAwait(false);

        if (capture is not { } state)
        {
            return;
        }

        long begun = _options.Clock.GetTimestamp();
        List<uint> dead = DeadSegments(position.Segment);
        try
        {
            _files.Write(state.AppliedIndex, position, writer =>
            {
                cluster!.WriteTo(writer);
                state.WriteTo(writer);
                size = writer.ContentBytes;
            });
        }
        catch (StoreReplacedException)
        {
            // The new state asks for a checkpoint of its own.
            return;
        }
        finally
        {
            state.Dispose();
        }

        SizeOfNewest = size;
        _takeOversAtNewest = takeOvers;
        foreach (uint segment in DeadAtNewest)
        {
            // One that a follower may still be sent from stays in the list for the next time.
            if (segment < oldestNeeded)
            {
                _log.DeleteSegment(segment);
                dead.Remove(segment);
            }
        }

        DeadAtNewest = dead;
        ReplayFrom = position;
        _metrics.CheckpointWritten(_options.Clock.GetElapsedTime(begun));
    }

    private List<uint> DeadSegments(uint before)
    {
        Dictionary<uint, long> live = LiveBytesBySegment(_store);
        List<uint> dead = [];
        foreach (SegmentInfo segment in _log.Segments)
        {
            if (segment.Number < before && !live.ContainsKey(segment.Number))
            {
                dead.Add(segment.Number);
            }
        }

        return dead;
    }

    /// <summary>Bytes that copying out the live values would take, of each segment that has any.</summary>
    public static Dictionary<uint, long> LiveBytesBySegment(RevisionStore store)
    {
        List<KeyValuePair<uint, long>> usage = [];
        store.ReadSegmentUsage(usage);
        return new Dictionary<uint, long>(usage);
    }
}

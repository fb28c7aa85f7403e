using System.Buffers;
using Etcdish.Log;
using Etcdish.Store;

namespace Etcdish.Cluster;

/// <summary>
/// Gives back the space of compacted revisions: the live values of a mostly dead segment are copied to the end of the log
/// (<see cref="RelocationRecord"/>), within an I/O budget, and the checkpoints then let the segment go (<see cref="Checkpointer"/>).
/// </summary>
/// <remarks>
/// Only segments before the newest checkpoint's replay position are collected. A segment is deleted only when it was already dead at the
/// capture of the checkpoint before the newest: so a transaction that compares a value never looks, when it is replayed, into a segment
/// that is gone.
/// </remarks>
internal sealed class SegmentCollector
{
    private const int RecordBytes = 256 << 10;

    private readonly SegmentedLog _log;
    private readonly RevisionStore _store;
    private readonly IValueSource _values;
    private readonly IWriteQueue _queue;
    private readonly NodeOptions _options;
    private readonly NodeMetrics _metrics;
    private readonly ArrayBufferWriter<byte> _record = new(RecordBytes + 4096);

    public SegmentCollector(
        SegmentedLog log, RevisionStore store, IValueSource values, IWriteQueue queue, NodeOptions options, NodeMetrics metrics)
    {
        _log = log;
        _store = store;
        _values = values;
        _queue = queue;
        _options = options;
        _metrics = metrics;
    }

    /// <summary>Copies the live values of mostly dead segments.</summary>
    /// <param name="before">First segment that recovery from the newest checkpoint replays; only earlier ones are collected.</param>
    /// <param name="cancellation">Stops between two records; what was copied stays copied.</param>
    /// <returns>Whether anything was copied.</returns>
    public async Task<bool> RunAsync(uint before, CancellationToken cancellation)
    {
        HashSet<uint> victims = FindVictims(before);
        if (victims.Count == 0)
        {
            return false;
        }

        List<KeyRevision> versions = [];
        try
        {
            _store.FindReferences(victims, versions);
        }
        catch (StoreReplacedException)
        {
            // Whatever lived there is dead now.
            return false;
        }

        versions.Sort(static (a, b) => (a.Value.Segment, a.Value.Offset).CompareTo((b.Value.Segment, b.Value.Offset)));
        int next = 0;
        while (next < versions.Count)
        {
            cancellation.ThrowIfCancellationRequested();
            long started = _options.Clock.GetTimestamp();
            next = FillRecord(versions, next);
            await _queue.Enqueue(LocalRecordKind.Relocation, _record.WrittenMemory).ConfigureAwait(false);
            _metrics.Collected(_record.WrittenCount);
            TimeSpan budget = TimeSpan.FromSeconds((double)_record.WrittenCount / _options.CollectBytesPerSecond);
            TimeSpan left = budget - _options.Clock.GetElapsedTime(started);
            if (left > TimeSpan.Zero)
            {
                await Task.Delay(left, _options.Clock, cancellation).ConfigureAwait(false);
            }
        }

        return true;
    }

    private HashSet<uint> FindVictims(uint before)
    {
        Dictionary<uint, long> live = Checkpointer.LiveBytesBySegment(_store);
        HashSet<uint> victims = [];
        foreach (SegmentInfo segment in _log.Segments)
        {
            if (segment.Number < before
                && live.TryGetValue(segment.Number, out long bytes)
                && bytes <= segment.UsedBytes * (1 - _options.CollectDeadShare))
            {
                victims.Add(segment.Number);
            }
        }

        return victims;
    }

    private int FillRecord(List<KeyRevision> versions, int next)
    {
        _record.ResetWrittenCount();
        using ReadScope scope = _values.EnterRead();
        do
        {
            RelocationRecord.Add(_record, versions[next++], _values);
        }
        while (next < versions.Count && _record.WrittenCount + RelocationRecord.SizeOf(versions[next]) <= RecordBytes);

        return next;
    }
}

using System.Collections.Concurrent;

namespace Etcdish.Cluster;

/// <summary>What a node counts. Written by the node loop and maintenance; read from any thread, where a torn view is acceptable.</summary>
public sealed class NodeMetrics
{
    private readonly ConcurrentDictionary<ulong, DurationHistogram> _roundTrips = new();
    private long _fullDiskBatches;
    private long _collectedBytes;
    private long _checkpoints;
    private long _checkpointTicks;
    private long _leaseExpiries;
    private long _malformedFrames;
    private long _slowReadIndexes;
    private long _failedReads;
    private long _lateHeartbeats;

    /// <summary>How long syncs took, in buckets from 1 ms to 8.192 s, as etcd's dashboards expect.</summary>
    public DurationHistogram Syncs { get; } = new(0.001, 14);

    /// <summary>Measured round trips to each member, in ascending order of ids, in buckets from 0.1 ms to 3.2768 s, as in etcd.</summary>
    // Its own ToArray: sorting would count and copy in two steps, and fail if a member came in between.
    public IEnumerable<KeyValuePair<ulong, DurationHistogram>> RoundTrips => _roundTrips.ToArray().OrderBy(static member => member.Key);

    /// <summary>Questions to the leader for a read's index that had to be asked again, because the answer was overdue.</summary>
    public long SlowReadIndexes => Interlocked.Read(ref _slowReadIndexes);

    /// <summary>Linearizable reads that failed for want of a leader, of its answer, or of entries here.</summary>
    public long FailedReads => Interlocked.Read(ref _failedReads);

    /// <summary>Heartbeats that this member sent more than an interval late while it led.</summary>
    public long LateHeartbeats => Interlocked.Read(ref _lateHeartbeats);

    /// <summary>Batches refused because the disk was full.</summary>
    public long FullDiskBatches => Interlocked.Read(ref _fullDiskBatches);

    /// <summary>Value bytes copied by the collector.</summary>
    public long CollectedBytes => Interlocked.Read(ref _collectedBytes);

    /// <summary>Checkpoints written.</summary>
    public long Checkpoints => Interlocked.Read(ref _checkpoints);

    /// <summary>Time spent writing them, in seconds.</summary>
    public double CheckpointSeconds => TimeSpan.FromTicks(Interlocked.Read(ref _checkpointTicks)).TotalSeconds;

    /// <summary>Leases that ran out.</summary>
    public long LeaseExpiries => Interlocked.Read(ref _leaseExpiries);

    /// <summary>Frames of other members that were none.</summary>
    public long MalformedFrames => Interlocked.Read(ref _malformedFrames);

    internal void RoundTrip(ulong member, TimeSpan took) =>
        _roundTrips.GetOrAdd(member, static _ => new DurationHistogram(0.0001, 16)).Add(took);

    internal void ReadIndexIsSlow() => Interlocked.Increment(ref _slowReadIndexes);

    internal void ReadsFailed(int count) => Interlocked.Add(ref _failedReads, count);

    internal void HeartbeatIsLate() => Interlocked.Increment(ref _lateHeartbeats);

    internal void MalformedFrame() => Interlocked.Increment(ref _malformedFrames);

    internal void DiskFull() => Interlocked.Increment(ref _fullDiskBatches);

    internal void Collected(long bytes) => Interlocked.Add(ref _collectedBytes, bytes);

    internal void CheckpointWritten(TimeSpan elapsed)
    {
        Interlocked.Increment(ref _checkpoints);
        Interlocked.Add(ref _checkpointTicks, elapsed.Ticks);
    }

    internal void LeaseExpired() => Interlocked.Increment(ref _leaseExpiries);
}

namespace Etcdish.Cluster;

/// <summary>What a node counts. Written by the node loop and maintenance; read from any thread, where a torn view is acceptable.</summary>
public sealed class NodeMetrics
{
    /// <summary>Upper bounds of the sync histogram's buckets in seconds: 1 ms × 2⁰ … 2¹³, as etcd's dashboards expect.</summary>
    public static IReadOnlyList<double> SyncBuckets { get; } = [.. Enumerable.Range(0, 14).Select(i => 0.001 * (1 << i))];

    private readonly long[] _syncCounts = new long[SyncBuckets.Count + 1];
    private long _syncTicks;
    private long _fullDiskBatches;
    private long _collectedBytes;
    private long _checkpoints;
    private long _checkpointTicks;
    private long _leaseExpiries;
    private long _malformedFrames;

    /// <summary>Number of syncs in each bucket (not cumulated); the last is above all bounds.</summary>
    public ReadOnlySpan<long> SyncCounts => _syncCounts;

    /// <summary>Sum of all sync times in seconds.</summary>
    public double SyncSeconds => TimeSpan.FromTicks(Interlocked.Read(ref _syncTicks)).TotalSeconds;

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

    internal void Synced(TimeSpan elapsed)
    {
        double seconds = elapsed.TotalSeconds;
        int bucket = 0;
        while (bucket < SyncBuckets.Count && seconds > SyncBuckets[bucket])
        {
            bucket++;
        }

        Interlocked.Increment(ref _syncCounts[bucket]);
        Interlocked.Add(ref _syncTicks, elapsed.Ticks);
    }

    /// <summary>Frames of other members that were none.</summary>
    public long MalformedFrames => Interlocked.Read(ref _malformedFrames);

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

namespace Etcdish.Store;

/// <summary>Limits of the watch hub.</summary>
public sealed record WatchOptions
{
    /// <summary>
    /// A response of this size or more is split for watchers that asked for fragments; a catch-up response stops growing here. Bytes, at
    /// least 1; etcd takes the largest request plus 512 KiB.
    /// </summary>
    public int MaxResponseBytes { get; init; } = 1536 * 1024 + 512 * 1024;

    /// <summary>
    /// How many bytes of events may wait in one stream; past it its watchers let go of the events and read them from the history later.
    /// At least 1. The bytes are shared between streams, so the sum over all streams overstates what is held.
    /// </summary>
    public long StreamBufferBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>Revisions that a watcher which is behind reads at a time, 1 or more.</summary>
    public int CatchUpRevisions { get; init; } = 1000;

    /// <summary>Checks the ranges.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(MaxResponseBytes);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(StreamBufferBytes);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(CatchUpRevisions);
    }
}

/// <summary>Gauges of the hub, each of its own moment.</summary>
/// <param name="Streams">Open streams.</param>
/// <param name="Watchers">Live watchers, slow ones included.</param>
/// <param name="SlowWatchers">Watchers that are behind and read from the history.</param>
/// <param name="PendingEvents">Events queued for streams and not taken yet.</param>
/// <param name="DeliveredEvents">Events taken since the start.</param>
public readonly record struct WatchStatistics(
    long Streams, long Watchers, long SlowWatchers, long PendingEvents, long DeliveredEvents);

namespace Etcdish.Store;

/// <summary>A response without events that waits in a stream's queue.</summary>
internal sealed class WatchAnswer
{
    public long WatchId { get; private init; }

    public long Revision { get; private init; }

    public bool IsCreated { get; private init; }

    public bool IsCanceled { get; private init; }

    public string CancelReason { get; private init; } = "";

    public bool IsProgress { get; private init; }

    /// <summary>The watcher whose progress this is; null when it is the whole stream's.</summary>
    public Watcher? Watcher { get; private init; }

    public static WatchAnswer Created(long id, long revision) => new() { WatchId = id, Revision = revision, IsCreated = true };

    public static WatchAnswer Refused(long revision, string reason) => new()
    {
        WatchId = WatchBatch.NoWatchId,
        Revision = revision,
        IsCreated = true,
        IsCanceled = true,
        CancelReason = reason,
    };

    public static WatchAnswer Canceled(long id, long revision) => new() { WatchId = id, Revision = revision, IsCanceled = true };

    public static WatchAnswer Progress(long id, long revision, Watcher? watcher) =>
        new() { WatchId = id, Revision = revision, IsProgress = true, Watcher = watcher };

    public void CopyTo(WatchBatch batch)
    {
        batch.WatchId = WatchId;
        batch.Revision = Revision;
        batch.Created = IsCreated;
        batch.Canceled = IsCanceled;
        batch.CancelReason = CancelReason;
    }
}

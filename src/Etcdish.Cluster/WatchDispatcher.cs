using Etcdish.Store;

namespace Etcdish.Cluster;

/// <summary>
/// Runs <see cref="WatchHub.Dispatch"/> on the thread pool when the loop has published something: at most one run is under way or queued,
/// so a burst of rounds is dispatched together and the loop never waits for watchers.
/// </summary>
/// <param name="hub">The hub.</param>
/// <param name="onFailure">Told when dispatching has failed: the node must stop, rather than leave watchers short of events.</param>
internal sealed class WatchDispatcher(WatchHub hub, Action<Exception> onFailure) : IThreadPoolWorkItem
{
    private int _requested;

    /// <summary>Asks for a run after this moment.</summary>
    public void Wake()
    {
        if (Interlocked.Increment(ref _requested) == 1)
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }

    void IThreadPoolWorkItem.Execute()
    {
        int seen;
        do
        {
            seen = Volatile.Read(ref _requested);
            try
            {
                hub.Dispatch();
            }
#pragma warning disable CA1031 // Any failure here means a watcher may miss an event.
            catch (Exception failure)
            {
                onFailure(failure);
                return;
            }
#pragma warning restore CA1031
        }
        while (Interlocked.CompareExchange(ref _requested, 0, seen) != seen);
    }
}

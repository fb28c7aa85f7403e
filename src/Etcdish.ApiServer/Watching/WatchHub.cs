using System.Runtime.CompilerServices;
using Etcdish.ApiServer.Registry;
using Etcdish.ApiServer.Storage;

namespace Etcdish.ApiServer.Watching;

/// <summary>
/// The one watch of the store that feeds all watchers of a resource, with the newest events kept for those who join a little late. Whoever
/// comes from further back catches up by a watch of its own and then joins. Begins with the first watcher; when the store's watch ends,
/// so do all watchers, and the next one begins anew.
/// </summary>
/// <param name="storage">Where the resource is kept.</param>
/// <param name="store">The store.</param>
/// <param name="settings">How watches are kept.</param>
/// <param name="leastPause">How long changes are gathered at least after some were told.</param>
internal sealed class WatchHub(ResourceStorage storage, IObjectStore store, WatchSettings settings, TimeSpan leastPause) : IAsyncDisposable
{
    private const int MaxBatch = 1024;

    // The least that a timer can do.
    private static readonly TimeSpan _shortestPause = TimeSpan.FromMilliseconds(1);

    private readonly Lock _lock = new();
    private readonly HashSet<WatchQueue> _queues = [];
    private readonly Queue<ResourceEvent> _recent = [];
    private readonly SemaphoreSlim _starting = new(1, 1);
    private readonly CancellationTokenSource _stopping = new();
    private long _recentBytes;
    private long _recentFrom;
    private Task _running = Task.CompletedTask;
    private bool _isRunning;

    /// <summary>All events behind a revision, in order, as they come; bookmarks among them if they are wanted.</summary>
    /// <exception cref="StoreCompactedException">Events behind the revision are gone.</exception>
    public async IAsyncEnumerable<IReadOnlyList<ResourceEvent>> ReadAsync(
        long after, bool wantsBookmarks, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await EnsureRunningAsync(cancellation);
        var queue = new WatchQueue(wantsBookmarks, settings.MaxWaitingEvents);
        try
        {
            if (!TryJoin(queue, after))
            {
                await foreach (var changes in CatchUpAsync(after, cancellation))
                {
                    yield return [.. changes.Items.Select(change => new ResourceEvent(storage, change))];
                    if (TryJoin(queue, changes.Revision))
                    {
                        break;
                    }
                }
            }

            if (queue.Backlog.Count > 0)
            {
                yield return queue.Backlog;
            }

            while (await queue.WaitAsync(cancellation))
            {
                while (queue.TryTake(out var batch))
                {
                    yield return batch;
                }
            }
        }
        finally
        {
            lock (_lock)
            {
                _queues.Remove(queue);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running;
        _stopping.Dispose();
        _starting.Dispose();
    }

    /// <summary>Adds a watcher that has seen everything up to a revision; false if events behind it are not kept any more.</summary>
    private bool TryJoin(WatchQueue queue, long after)
    {
        lock (_lock)
        {
            if (!_isRunning)
            {
                queue.Close(null);
                return true;
            }

            if (after + 1 < _recentFrom)
            {
                return false;
            }

            queue.After = after;
            queue.Backlog = [.. _recent.Where(item => item.Revision > after)];
            _queues.Add(queue);
            return true;
        }
    }

    /// <summary>
    /// A watch of its own; asks for progress, as there may be nothing to tell before the point where it can join. Without an answer the
    /// watcher stays on its own until the next change.
    /// </summary>
    private async IAsyncEnumerable<StoreChanges> CatchUpAsync(long after, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var watch = store.Watch(storage.Prefix, after + 1);
        using var done = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var asking = AskForProgressAsync(watch, settings.CatchUpInterval, done.Token);
        try
        {
            await foreach (var changes in watch.WithCancellation(cancellation))
            {
                yield return changes;
            }
        }
        finally
        {
            await done.CancelAsync();
            await asking;
        }
    }

    private async ValueTask EnsureRunningAsync(CancellationToken cancellation)
    {
        if (Volatile.Read(ref _isRunning))
        {
            return;
        }

        await _starting.WaitAsync(cancellation);
        try
        {
            if (_isRunning)
            {
                return;
            }

            var start = await store.GetRevisionAsync(cancellation) + 1;
            lock (_lock)
            {
                _recent.Clear();
                _recentBytes = 0;
                _recentFrom = start;
                _isRunning = true;
            }

            _running = RunAsync(start);
        }
        finally
        {
            _starting.Release();
        }
    }

    private async Task RunAsync(long start)
    {
        var watch = store.Watch(storage.Prefix, start);
        using var done = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        var asking = AskForProgressAsync(watch, settings.BookmarkInterval, done.Token);
        Exception? reason = null;
        try
        {
            await DeliverAsync(watch);
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
        catch (Exception e) when (e is StoreUnavailableException or StoreCompactedException)
        {
            reason = e;
        }

        await done.CancelAsync();
        await asking;
        End(reason);
    }

    /// <summary>Tells all watchers what comes, until the store's watch ends. What is there already is told at once.</summary>
    private async Task DeliverAsync(IStoreWatch watch)
    {
        await using var changes = watch.GetAsyncEnumerator(_stopping.Token);
        var next = changes.MoveNextAsync().AsTask();
        try
        {
            while (await next)
            {
                var batch = new EventBatch();
                StoreChanges newest;
                do
                {
                    newest = changes.Current;
                    batch.AddRange(newest.Items.Select(change => new ResourceEvent(storage, change)));
                    next = changes.MoveNextAsync().AsTask();
                }
                while (next.IsCompletedSuccessfully && batch.Count < MaxBatch && await next);

                Deliver(batch);
                if (newest.Items.Count == 0)
                {
                    Deliver(ResourceEvent.Bookmark(newest.Revision));
                }

                await PauseAsync();
            }
        }
        catch (OperationCanceledException)
        {
            // The pause may end by the stop before the next step has heard of it, and one under way must not be disposed of.
            await Task.WhenAny(next);
            throw;
        }
    }

    private void Deliver(List<ResourceEvent> batch)
    {
        if (batch.Count == 0)
        {
            return;
        }

        lock (_lock)
        {
            batch.ForEach(Keep);
            _queues.RemoveWhere(queue => !queue.TryAdd(batch));
        }
    }

    private void Deliver(ResourceEvent bookmark)
    {
        ResourceEvent[] batch = [bookmark];
        lock (_lock)
        {
            _queues.RemoveWhere(queue => queue.WantsBookmarks && !queue.TryAdd(batch));
        }
    }

    /// <summary>
    /// Lets changes gather while many watchers are told of the last ones: a write to each of them for every change would leave no time for
    /// whoever makes the changes. By the system's clock, whatever that of times in objects is: it is for the machine's sake.
    /// </summary>
    private Task PauseAsync()
    {
        var pause = settings.PauseForWatcher * _queues.Count;
        pause = pause > settings.MaxPause ? settings.MaxPause : pause;
        pause = pause < leastPause ? leastPause : pause;
        return pause < _shortestPause ? Task.CompletedTask : Task.Delay(pause, _stopping.Token);
    }

    private void Keep(ResourceEvent item)
    {
        _recent.Enqueue(item);
        _recentBytes += item.Size;
        while (_recent.Count > settings.MaxRecentEvents || _recentBytes > settings.MaxRecentBytes)
        {
            var dropped = _recent.Dequeue();
            _recentBytes -= dropped.Size;
            _recentFrom = dropped.Revision + 1;
        }
    }

    private void End(Exception? reason)
    {
        lock (_lock)
        {
            _isRunning = false;
            foreach (var queue in _queues)
            {
                queue.Close(reason);
            }

            _queues.Clear();
        }
    }

    private async Task AskForProgressAsync(IStoreWatch watch, TimeSpan interval, CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(interval, settings.Clock);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellation))
            {
                await watch.RequestProgressAsync(cancellation);
            }
        }
        catch (OperationCanceledException)
        {
            // The watch has ended.
        }
    }
}

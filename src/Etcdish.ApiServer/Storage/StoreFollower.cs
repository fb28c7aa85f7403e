using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Storage;

/// <summary>
/// Keeps up with a prefix of the store by one watch: all that is there first, then every change. It also hears of the writes of this
/// server, so that who decides by what it holds can wait until it holds what somebody was told is written.
/// </summary>
/// <param name="store">The store.</param>
/// <param name="prefix">The prefix, ending in "/".</param>
/// <param name="what">What is there, in words for messages, such as <c>roles</c>.</param>
/// <param name="warn">Is told when the store does not tell of changes.</param>
internal abstract class StoreFollower(IObjectStore store, string prefix, string what, Action<string> warn)
    : IWriteObserver, IAsyncDisposable
{
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(5);

    private readonly Progress _seen = new();
    private readonly CancellationTokenSource _stopping = new();
    private Task _running = Task.CompletedTask;
    private long _written;

    /// <summary>Reads everything, then follows changes until it is disposed of.</summary>
    /// <exception cref="StoreUnavailableException">The store does not answer.</exception>
    public async Task StartAsync(CancellationToken cancellation)
    {
        var revision = await ReadAllAsync(cancellation);
        _running = Task.Run(() => FollowAsync(revision), CancellationToken.None);
    }

    /// <summary>Waits until what this server wrote is seen; nearly always that is so already.</summary>
    /// <exception cref="StoreUnavailableException">The store does not tell of changes.</exception>
    public ValueTask CatchUpAsync(CancellationToken cancellation)
    {
        var written = Volatile.Read(ref _written);
        return written <= _seen.Reached ? ValueTask.CompletedTask : new ValueTask(WaitAsync(written, cancellation));
    }

    public bool Observes(string key) => key.StartsWith(prefix, StringComparison.Ordinal);

    public ValueTask WrittenAsync(string key, long revision, bool isDeleted, CancellationToken cancellation)
    {
        InterlockedMax(ref _written, revision);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running;
        _stopping.Dispose();
    }

    /// <summary>Reads all that is there, in the place of what was held; the revision at which it was so.</summary>
    protected abstract Task<long> LoadAsync(CancellationToken cancellation);

    /// <summary>Takes changes over.</summary>
    protected abstract void Apply(IReadOnlyList<StoreChange> changes);

    /// <summary>What was taken over is in force.</summary>
    protected virtual void Settled()
    {
    }

    private async Task<long> ReadAllAsync(CancellationToken cancellation)
    {
        var revision = await LoadAsync(cancellation);
        _seen.Reach(revision);
        Settled();
        return revision;
    }

    private async Task WaitAsync(long revision, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(_patience);
        try
        {
            await _seen.WaitAsync(revision, limit.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new StoreUnavailableException($"it does not tell which {what} were written last");
        }
    }

    private async Task FollowAsync(long revision)
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                await foreach (var changes in store.Watch(prefix, revision + 1).WithCancellation(_stopping.Token))
                {
                    Apply(changes.Items);
                    _seen.Reach(changes.Revision);
                    Settled();
                    revision = changes.Revision;
                }
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                return;
            }
            catch (StoreCompactedException)
            {
                revision = await ReloadAsync() ?? revision;
            }
            catch (StoreUnavailableException e)
            {
                warn($"{what} are as they were, for the store does not tell of changes: {e.Message}");
                await PauseAsync();
            }
        }
    }

    private async Task<long?> ReloadAsync()
    {
        try
        {
            return await ReadAllAsync(_stopping.Token);
        }
        catch (Exception e) when (e is StoreUnavailableException or OperationCanceledException)
        {
            await PauseAsync();
            return null;
        }
    }

    private async Task PauseAsync()
    {
        // Cancelled or not, the caller looks.
        await Task.Delay(_pause, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static void InterlockedMax(ref long target, long value)
    {
        var current = Volatile.Read(ref target);
        while (value > current)
        {
            var seen = Interlocked.CompareExchange(ref target, value, current);
            if (seen == current)
            {
                return;
            }

            current = seen;
        }
    }
}

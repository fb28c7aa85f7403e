using Etcdish.Kubelet.Runtime;

namespace Etcdish.Kubelet.Logs;

/// <summary>
/// Tells of the end of containers: one look at all of them for each change of the runtime, and none while nobody waits. Safe for use by
/// many threads.
/// </summary>
internal sealed class ContainerEnds(IContainerRuntime runtime, TimeProvider clock, Action<string> warn) : IAsyncDisposable
{
    private static readonly TimeSpan _retryDelay = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly List<(string Id, TaskCompletionSource Ended)> _waiters = [];
    private readonly CancellationTokenSource _stop = new();
    private Task _watching = Task.CompletedTask;
    private bool _isWatching;

    /// <summary>Completes when a container does not run, or no more.</summary>
    /// <param name="id">The container.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="RuntimeException">The runtime does not answer at the beginning; later it is asked again.</exception>
    public async Task WaitAsync(string id, CancellationToken cancellation)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Add(id, ended);
        try
        {
            // Who ended before the wait began is seen here, who ends later by the watch.
            var state = await runtime.GetContainerAsync(id, cancellation);
            if (state is { Phase: ContainerPhase.Running })
            {
                await ended.Task.WaitAsync(cancellation);
            }
        }
        finally
        {
            lock (_lock)
            {
                _waiters.Remove((id, ended));
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _watching;
        _stop.Dispose();
    }

    private void Add(string id, TaskCompletionSource ended)
    {
        lock (_lock)
        {
            _waiters.Add((id, ended));
            if (!_isWatching)
            {
                _isWatching = true;
                _watching = Task.Run(WatchAsync);
            }
        }
    }

    private async Task WatchAsync()
    {
        while (IsNeeded())
        {
            try
            {
                // The wait begins before the look, so that no change falls between them.
                var changed = runtime.WaitForChangeAsync(_stop.Token);
                Tell(await runtime.ListAsync(_stop.Token));
                await changed;
            }
            catch (RuntimeException e)
            {
                warn($"logs: the runtime does not tell which containers run: {e.Message}");
                await Task.Delay(_retryDelay, clock, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException)
            {
                // The kubelet ends.
            }
        }
    }

    private bool IsNeeded()
    {
        lock (_lock)
        {
            return _isWatching = _waiters.Count > 0 && !_stop.IsCancellationRequested;
        }
    }

    private void Tell(RuntimeSnapshot snapshot)
    {
        var running = snapshot.Containers.Where(c => c.Phase == ContainerPhase.Running).Select(c => c.Id).ToHashSet();
        lock (_lock)
        {
            foreach (var (id, ended) in _waiters)
            {
                if (!running.Contains(id))
                {
                    ended.TrySetResult();
                }
            }
        }
    }
}

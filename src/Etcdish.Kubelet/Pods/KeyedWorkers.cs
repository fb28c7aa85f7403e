using System.Threading.Channels;
using Etcdish.Kubelet.Runtime;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;

namespace Etcdish.Kubelet.Pods;

/// <summary>Looks at keys as they come, several at once but never the same twice at once; what fails is looked at again after a pause.</summary>
/// <param name="what">What is looked at, for messages.</param>
/// <param name="look">Looks at one.</param>
/// <param name="clock">The clock of pauses.</param>
/// <param name="warn">Is told of failures.</param>
internal sealed class KeyedWorkers(string what, Func<string, CancellationToken, Task> look, TimeProvider clock, Action<string> warn)
    : IDisposable
{
    private static readonly TimeSpan _firstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan _longestPause = TimeSpan.FromSeconds(10);
    private readonly WorkQueue<string> _queue = new(clock, _firstPause, _longestPause);

    /// <summary>Whether nothing waits and nothing is looked at.</summary>
    public bool IsIdle => _queue.Count == 0;

    /// <summary>Adds a key.</summary>
    public void Add(string key) => _queue.Add(key);

    /// <summary>Adds a key after a while.</summary>
    public void AddAfter(string key, TimeSpan delay) => _queue.AddAfter(key, delay);

    /// <summary>Works until it is cancelled.</summary>
    public Task RunAsync(int workers, CancellationToken cancellation) =>
        Task.WhenAll(Enumerable.Range(0, workers).Select(_ => Task.Run(() => WorkAsync(cancellation), CancellationToken.None)));

    /// <inheritdoc/>
    public void Dispose() => _queue.Dispose();

    private async Task WorkAsync(CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                var key = await _queue.TakeAsync(cancellation);
                try
                {
                    await LookAsync(key, cancellation);
                }
                finally
                {
                    _queue.Done(key);
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ChannelClosedException)
        {
            // The end.
        }
    }

    private async Task LookAsync(string key, CancellationToken cancellation)
    {
        try
        {
            await look(key, cancellation);
            _queue.Forget(key);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception e) when (e is RuntimeException or ApiStatusException or HttpRequestException or IOException or TimeoutException
            or OperationCanceledException or UnauthorizedAccessException)
        {
            warn($"{what} {key}: {e.Message}");
            _queue.AddRateLimited(key);
        }
#pragma warning disable CA1031 // A defect costs this key only, and is told.
        catch (Exception e)
        {
            warn($"{what} {key}: a defect: {e}");
            _queue.AddRateLimited(key);
        }
#pragma warning restore CA1031
    }
}

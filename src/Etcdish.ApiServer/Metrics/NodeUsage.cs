using Etcdish.ApiServer.Http;

namespace Etcdish.ApiServer.Metrics;

/// <summary>
/// What one node and its pods use. Its kubelet is asked when somebody wants to know, once in a period for all who do; a failure counts for
/// as long. Nobody asks it when nobody wants to know.
/// </summary>
/// <param name="sample">Asks the kubelet.</param>
/// <param name="settings">How often, and how.</param>
/// <param name="clock">The clock of periods.</param>
/// <param name="warn">Told when the kubelet begins to fail.</param>
internal sealed class NodeUsage(
    Func<CancellationToken, Task<NodeSample>> sample, MetricsSettings settings, TimeProvider clock, Action<string> warn)
{
    private readonly Lock _lock = new();
    private Task<SamplePair?>? _newest;
    private long _begunAt;
    private long _wantedAt;

    // Of the one refresh that runs.
    private NodeSample? _last;
    private bool _isFailing;

    /// <summary>Whether nobody has wanted to know for long.</summary>
    public bool IsForgotten
    {
        get
        {
            lock (_lock)
            {
                return _newest is { IsCompleted: true } && clock.GetElapsedTime(_wantedAt) > settings.Memory;
            }
        }
    }

    /// <summary>Two samples, the second not older than a period; null if the kubelet does not tell.</summary>
    /// <param name="stopping">The end of all.</param>
    public Task<SamplePair?> GetAsync(CancellationToken stopping)
    {
        lock (_lock)
        {
            _wantedAt = clock.GetTimestamp();
            if (_newest is null || (_newest.IsCompleted && clock.GetElapsedTime(_begunAt) >= settings.Period))
            {
                _begunAt = _wantedAt;
                _newest = Task.Run(() => RefreshAsync(stopping), CancellationToken.None);
            }

            return _newest;
        }
    }

    private async Task<SamplePair?> RefreshAsync(CancellationToken stopping)
    {
        try
        {
            var (before, now) = (_last, await sample(stopping));
            if (before is null || now.Time - before.Time > UsageRate.LongestWindow)
            {
                before = now;
                await Task.Delay(settings.FirstWindow, clock, stopping);
                now = await sample(stopping);
            }

            _last = now;
            _isFailing = false;
            return new SamplePair(before, now);
        }
        catch (Exception e) when (e is ApiException or HttpRequestException or IOException or FormatException or OperationCanceledException)
        {
            if (!_isFailing && !stopping.IsCancellationRequested)
            {
                warn(e.Message);
            }

            _last = null;
            _isFailing = true;
            return null;
        }
    }
}

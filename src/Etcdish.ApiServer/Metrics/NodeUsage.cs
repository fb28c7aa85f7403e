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
    private SamplePair? _known;
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
            var now = await sample(stopping);
            if (_known is not { } known || now.Time - known.Now.Time > UsageRate.LongestWindow)
            {
                _known = await BeginAsync(now, stopping);
            }
            else if (now.MeasuredAt > known.Now.MeasuredAt)
            {
                _known = new SamplePair(known.Now, now);
            }

            _isFailing = false;
            return _known;
        }
        catch (Exception e) when (e is ApiException or HttpRequestException or IOException or FormatException or OperationCanceledException)
        {
            if (!_isFailing && !stopping.IsCancellationRequested)
            {
                warn(e.Message);
            }

            _known = null;
            _isFailing = true;
            return null;
        }
    }

    /// <summary>A rate needs a second sample. Kubelets measure every ten seconds or so: until they do again, they tell the same.</summary>
    private async Task<SamplePair> BeginAsync(NodeSample first, CancellationToken stopping)
    {
        var second = first;
        for (var tries = 0; tries < settings.MaxFirstTries && second.MeasuredAt <= first.MeasuredAt; tries++)
        {
            await Task.Delay(settings.FirstWindow, clock, stopping);
            second = await sample(stopping);
        }

        return new SamplePair(first, second);
    }
}

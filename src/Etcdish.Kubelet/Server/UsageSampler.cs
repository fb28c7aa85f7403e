using Etcdish.Kubelet.Runtime;

namespace Etcdish.Kubelet.Server;

/// <summary>
/// Measures what the node and its pods use, for all who ask: once in ten seconds at most, and never while nobody asks. Safe for use by many
/// threads.
/// </summary>
/// <param name="runtime">Knows what containers use.</param>
/// <param name="clock">The clock.</param>
/// <param name="proc">The folder <c>/proc</c>.</param>
internal sealed class UsageSampler(IContainerRuntime runtime, TimeProvider clock, string proc = "/proc") : IDisposable
{
    private static readonly TimeSpan _life = TimeSpan.FromSeconds(10);

    // What lies further back says nothing about the processor time that is used now.
    private static readonly TimeSpan _longestWindow = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan _shortestWindow = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _one = new(1);
    private UsageSample? _latest;

    /// <summary>What is used, ten seconds old at most. Rates are missing in it when nobody has asked for two minutes.</summary>
    /// <exception cref="RuntimeException">The runtime does not answer.</exception>
    public Task<UsageSample> LatestAsync(CancellationToken cancellation) => SampleAsync(needsRates: false, cancellation);

    /// <summary>As <see cref="LatestAsync"/>, with rates: when nobody has asked for long it takes a second.</summary>
    /// <exception cref="RuntimeException">The runtime does not answer.</exception>
    public Task<UsageSample> LatestWithRatesAsync(CancellationToken cancellation) => SampleAsync(needsRates: true, cancellation);

    public void Dispose() => _one.Dispose();

    private async Task<UsageSample> SampleAsync(bool needsRates, CancellationToken cancellation)
    {
        await _one.WaitAsync(cancellation);
        try
        {
            if (_latest is null || clock.GetUtcNow() - _latest.Node.At >= _life)
            {
                _latest = await MeasureAsync(_latest, cancellation);
            }

            if (needsRates && _latest.NodeNanoCores is null)
            {
                await Task.Delay(_shortestWindow, clock, cancellation);
                _latest = await MeasureAsync(_latest, cancellation);
            }

            return _latest;
        }
        finally
        {
            _one.Release();
        }
    }

    private async Task<UsageSample> MeasureAsync(UsageSample? before, CancellationToken cancellation)
    {
        var node = NodeUsage.Read(proc, clock.GetUtcNow());
        var usage = await runtime.ListUsageAsync(cancellation);
        var recent = before is not null && node.At - before.Node.At <= _longestWindow ? before : null;
        var nodeRate = recent is null
            ? null
            : Rate(recent.Node.CpuNanoseconds, recent.Node.At, node.CpuNanoseconds, node.At);
        var known = recent?.Containers.ToDictionary(c => (c.Usage.Pod.Uid, c.Usage.Container), c => c.Usage) ?? [];
        return new UsageSample(
            node,
            nodeRate,
            [
                .. usage.Select(now => new MeasuredUsage(
                    now,
                    known.GetValueOrDefault((now.Pod.Uid, now.Container)) is { } then && then.StartedAt == now.StartedAt
                        ? Rate(then.CpuNanoseconds, then.At, now.CpuNanoseconds, now.At)
                        : null)),
            ]);
    }

    /// <summary>Billionths of a processor; null: a counter that fell, or no time between.</summary>
    private static long? Rate(long before, DateTimeOffset beforeAt, long now, DateTimeOffset nowAt)
    {
        var seconds = (nowAt - beforeAt).TotalSeconds;
        return seconds <= 0 || now < before ? null : (long)((now - before) / seconds);
    }
}

/// <summary>What was used at a moment.</summary>
/// <param name="Node">By the whole machine.</param>
/// <param name="NodeNanoCores">Its processor time, in billionths of a processor; null: not known yet.</param>
/// <param name="Containers">By containers and, where the runtime tells, by whole pods.</param>
internal sealed record UsageSample(NodeUsage Node, long? NodeNanoCores, IReadOnlyList<MeasuredUsage> Containers)
{
    /// <summary>By pod: the pod itself, where the runtime tells, and its containers.</summary>
    public IEnumerable<PodUsage> ByPod() => Containers
        .GroupBy(c => c.Usage.Pod)
        .Select(group => new PodUsage(
            group.Key, group.FirstOrDefault(c => c.Usage.Container.Length == 0), [.. group.Where(c => c.Usage.Container.Length > 0)]));
}

/// <summary>What a container, or a pod, used at a moment.</summary>
/// <param name="Usage">What the runtime says.</param>
/// <param name="NanoCores">Its processor time, in billionths of a processor; null: not known yet.</param>
internal sealed record MeasuredUsage(ContainerUsage Usage, long? NanoCores);

/// <summary>What a pod used at a moment.</summary>
/// <param name="Pod">The pod.</param>
/// <param name="Own">What the runtime says of the pod as a whole; null: nothing.</param>
/// <param name="Containers">Its containers.</param>
internal sealed record PodUsage(PodIdentity Pod, MeasuredUsage? Own, IReadOnlyList<MeasuredUsage> Containers)
{
    /// <summary>The pod as a whole: what the runtime says, or the sum of its containers.</summary>
    public MeasuredUsage Total => Own ?? new MeasuredUsage(
        new ContainerUsage(
            Pod,
            "",
            Containers.Max(c => c.Usage.At),
            Containers.Sum(c => c.Usage.CpuNanoseconds),
            Containers.Sum(c => c.Usage.WorkingSetBytes),
            Containers.Sum(c => c.Usage.MemoryBytes),
            Containers.Sum(c => Math.Max(0, c.Usage.WritableBytes)))
        {
            RssBytes = Containers.Sum(c => c.Usage.RssBytes),
            StartedAt = Containers.Min(c => c.Usage.StartedAt),
        },
        Containers.All(c => c.NanoCores is null) ? null : Containers.Sum(c => c.NanoCores));
}

using Etcdish.Kubelet.Runtime;

namespace Etcdish.Kubelet.Server;

/// <summary>
/// Measures what the node and its pods use, for all who ask: once for all who ask at about the same time, and never while nobody asks. Safe
/// for use by many threads.
/// </summary>
/// <param name="runtime">Knows what containers use.</param>
/// <param name="clock">The clock.</param>
/// <param name="proc">The folder <c>/proc</c>.</param>
internal sealed class UsageSampler(IContainerRuntime runtime, TimeProvider clock, string proc = "/proc") : IDisposable
{
    /// <summary>How old a sample may be for those who show it to people.</summary>
    public static readonly TimeSpan UsualAge = TimeSpan.FromSeconds(10);

    /// <summary>How old a sample may be for those who make rates of counters themselves.</summary>
    public static readonly TimeSpan LeastAge = TimeSpan.FromSeconds(1);

    // Rates are of so much time, as far as there is a sample from before.
    private static readonly TimeSpan _window = TimeSpan.FromSeconds(10);

    // What lies further back says nothing about the processor time that is used now.
    private static readonly TimeSpan _longestWindow = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan _firstWindow = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _one = new(1);
    private UsageSample? _latest;

    // Two samples that are a window apart, by which rates are made: the newer of them once it is old enough.
    private UsageSample? _newer;
    private UsageSample? _older;

    /// <summary>What is used. Rates are missing in it when nobody has asked for two minutes.</summary>
    /// <param name="maxAge">How old it may be.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="RuntimeException">The runtime does not answer.</exception>
    public Task<UsageSample> LatestAsync(TimeSpan maxAge, CancellationToken cancellation) =>
        SampleAsync(maxAge, needsRates: false, cancellation);

    /// <summary>What is used, ten seconds old at most, with rates: when nobody has asked for long it takes a second.</summary>
    /// <exception cref="RuntimeException">The runtime does not answer.</exception>
    public Task<UsageSample> LatestWithRatesAsync(CancellationToken cancellation) => SampleAsync(UsualAge, needsRates: true, cancellation);

    public void Dispose() => _one.Dispose();

    private async Task<UsageSample> SampleAsync(TimeSpan maxAge, bool needsRates, CancellationToken cancellation)
    {
        await _one.WaitAsync(cancellation);
        try
        {
            if (_latest is null || clock.GetUtcNow() - _latest.Node.At >= maxAge)
            {
                await MeasureAsync(cancellation);
            }

            if (needsRates && _latest!.NodeNanoCores is null)
            {
                await Task.Delay(_firstWindow, clock, cancellation);
                await MeasureAsync(cancellation);
            }

            return _latest!;
        }
        finally
        {
            _one.Release();
        }
    }

    private async Task MeasureAsync(CancellationToken cancellation)
    {
        var node = NodeUsage.Read(proc, clock.GetUtcNow());
        var usage = await runtime.ListUsageAsync(cancellation);
        var isApart = _newer is null || node.At - _newer.Node.At >= _window;
        var before = isApart ? _newer : _older ?? _newer;
        _latest = Compare(before is not null && node.At - before.Node.At <= _longestWindow ? before : null, node, usage);
        if (isApart)
        {
            (_older, _newer) = (_newer, _latest);
        }
    }

    private static UsageSample Compare(UsageSample? before, NodeUsage node, IReadOnlyList<ContainerUsage> usage)
    {
        var known = before?.Containers.ToDictionary(c => (c.Usage.Pod.Uid, c.Usage.Container), c => c.Usage) ?? [];
        return new UsageSample(
            node,
            before is null ? null : Rate(before.Node.CpuNanoseconds, before.Node.At, node.CpuNanoseconds, node.At),
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

using Etcdish.Kubelet.Images;
using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Nodes;
using Etcdish.Kubelet.Pods;
using Etcdish.Kubelet.Runtime;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Kubelet.Eviction;

/// <summary>
/// Keeps the node alive when memory, disk or process ids run short: says so as pressure, for 5 minutes behind the last time; frees disk by
/// removing images that nobody uses; and if that is not enough evicts one pod at a time. Pods that exceed a limit of their own disk go at
/// any time.
/// </summary>
/// <param name="thresholds">Below which rest it acts.</param>
/// <param name="readings">Measures.</param>
/// <param name="pods">The pods.</param>
/// <param name="images">Frees the disk of images.</param>
/// <param name="events">Tells of what is done.</param>
/// <param name="node">The node, as the subject of events.</param>
/// <param name="clock">The clock.</param>
/// <param name="warn">Is told, a line each, what goes wrong.</param>
internal sealed class EvictionManager(
    IReadOnlyList<EvictionThreshold> thresholds,
    IPressureReadings readings,
    IPodDirectory pods,
    ImageCollector images,
    EventRecorder events,
    Node node,
    TimeProvider clock,
    Action<string> warn)
{
    // How long measuring files may take of the time, so that pods with many of them do not keep a processor busy.
    private const int MeasuringShare = 20;
    private static readonly TimeSpan _period = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan _transition = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan _grace = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    private readonly Dictionary<string, DateTimeOffset> _metAt = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private DateTimeOffset _measureAgainAt;

    /// <summary>Is called when a pressure came or went.</summary>
    public event Action? Changed;

    /// <summary>Of what there is too little, or was a moment ago.</summary>
    public NodePressures Pressures
    {
        get
        {
            lock (_lock)
            {
                return new NodePressures(IsMet("memory"), IsMet("ephemeral-storage") || IsMet("inodes"), IsMet("pids"));
            }
        }
    }

    /// <summary>Looks every 10 s, until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                await LookAsync(cancellation);
            }
            catch (Exception e) when (e is RuntimeException or IOException or UnauthorizedAccessException)
            {
                warn($"pressures cannot be measured: {e.Message}");
            }

            await Task.Delay(_period, clock, cancellation);
        }
    }

    /// <summary>Looks once, and does what must be done.</summary>
    public async Task LookAsync(CancellationToken cancellation)
    {
        var before = Pressures;
        var observed = await readings.ReadNodeAsync(cancellation);
        var met = Met(observed);
        Note(met);
        if (Pressures != before)
        {
            Changed?.Invoke();
        }

        if (!await EndExceedingAsync(cancellation) && met.Count > 0)
        {
            await RelieveAsync(met[0], observed, cancellation);
        }
    }

    private List<EvictionThreshold> Met(IReadOnlyDictionary<string, Observation> observed) => [.. thresholds
        .Where(threshold => observed.TryGetValue(threshold.Signal, out var now) && threshold.IsMet(now))
        .OrderBy(threshold => threshold.Resource != "memory")];

    private bool IsMet(string resource) => _metAt.TryGetValue(resource, out var at) && clock.GetUtcNow() - at < _transition;

    private void Note(List<EvictionThreshold> met)
    {
        lock (_lock)
        {
            foreach (var threshold in met)
            {
                _metAt[threshold.Resource] = clock.GetUtcNow();
            }
        }
    }

    private List<PodManifest> Active() => [.. pods.List().Where(pod => Phase(pod) is not ("Succeeded" or "Failed"))];

    private string Phase(PodManifest pod) => (string?)(pods.Status(pod.Uid) ?? pod.Status)?["phase"] ?? "";

    private async Task<bool> EndExceedingAsync(CancellationToken cancellation)
    {
        var bounded = Active().FindAll(EvictionRanking.HasDiskLimits);
        if (bounded.Count == 0 || clock.GetUtcNow() < _measureAgainAt)
        {
            return false;
        }

        var began = clock.GetTimestamp();
        var usages = await readings.ReadPodsAsync(bounded, withDisk: true, cancellation);
        _measureAgainAt = clock.GetUtcNow() + (clock.GetElapsedTime(began) * MeasuringShare);
        var ended = false;
        foreach (var pod in bounded)
        {
            if (usages.TryGetValue(pod.Uid, out var usage) && EvictionRanking.Exceeded(pod, usage) is { } message)
            {
                ended |= await EvictAsync(pod, message, cancellation);
            }
        }

        return ended;
    }

    private async Task RelieveAsync(
        EvictionThreshold threshold, IReadOnlyDictionary<string, Observation> observed, CancellationToken cancellation)
    {
        events.Warning(Resources.Nodes, node, "EvictionThresholdMet", $"Attempting to reclaim {threshold.Resource}");
        if (threshold.Resource is "ephemeral-storage" or "inodes")
        {
            await images.FreeAsync(long.MaxValue, cancellation);
            if (Met(await readings.ReadNodeAsync(cancellation)).Count == 0)
            {
                return;
            }
        }

        var active = Active();
        var usages = await readings.ReadPodsAsync(active, withDisk: threshold.Resource == "ephemeral-storage", cancellation);
        foreach (var pod in EvictionRanking.Rank(active, usages, threshold.Resource))
        {
            var message = EvictionRanking.Message(pod, usages.GetValueOrDefault(pod.Uid), threshold, observed[threshold.Signal]);
            if (await EvictAsync(pod, message, cancellation))
            {
                return;
            }
        }

        warn($"the node is low on {threshold.Resource}, and there is no pod that may be evicted");
    }

    private async Task<bool> EvictAsync(PodManifest pod, string message, CancellationToken cancellation)
    {
        if (!EvictionRanking.MayEvict(pod))
        {
            return false;
        }

        using var limit = new CancellationTokenSource(_patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            await pods.EvictAsync(pod.Uid, "Evicted", message, _grace, either.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            warn($"pod {pod} was evicted and has not ended within {_patience.TotalSeconds:0} s");
        }

        return true;
    }
}

using Etcdish.ClusterBench;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Tests.Workloads;

/// <summary>Counts pods at every change, as the server tells it.</summary>
internal sealed class PodMonitor : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Informer<Pod> _pods;
    private readonly string _ns;
    private readonly SemaphoreSlim _changes = new(0);
    private readonly Task _running;

    private PodMonitor(ControlBench bench, string ns)
    {
        _ns = ns;
        _pods = new Informer<Pod>(bench.Client, Resources.Pods, TimeProvider.System, _ => { });
        _pods.Subscribe(OnPod);
        _running = _pods.RunAsync(_stop.Token);
    }

    /// <summary>How many pods there may be.</summary>
    public int Max { get; set; } = int.MaxValue;

    /// <summary>How many must be available.</summary>
    public int MinAvailable { get; set; }

    /// <summary>How many have been created.</summary>
    public int Created { get; private set; }

    /// <summary>When it was otherwise.</summary>
    public List<string> Faults { get; } = [];

    public static async Task<PodMonitor> StartAsync(ControlBench bench, string ns)
    {
        var monitor = new PodMonitor(bench, ns);
        await monitor._pods.Synced;
        return monitor;
    }

    /// <summary>Waits for some changes, unless there are none any more.</summary>
    public async Task SeeAsync(int changes)
    {
        for (var seen = 0; seen < changes && await _changes.WaitAsync(TimeSpan.FromMilliseconds(100)); seen++)
        {
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
        _changes.Dispose();
    }

    private void OnPod(Pod? before, Pod? now)
    {
        if ((now ?? before!).Metadata.Namespace != _ns)
        {
            return;
        }

        Created += before is null ? 1 : 0;
        Pod[] active = [.. _pods.All.Where(pod => pod.Metadata.Namespace == _ns && pod.IsActive)];
        var available = active.Count(pod => pod.IsReady);
        if (active.Length > Max || available < MinAvailable)
        {
            Faults.Add($"{active.Length} pods of at most {Max}, {available} available of at least {MinAvailable}");
        }

        _changes.Release();
    }
}

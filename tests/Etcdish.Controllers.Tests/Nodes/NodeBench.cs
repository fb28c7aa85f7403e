using Etcdish.ClusterBench;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;
using Etcdish.Testing;

namespace Etcdish.Controllers.Tests.Nodes;

/// <summary>
/// A bench whose clock stands still, with nodes and pods; and a way to wait until the controllers' caches show something.
/// </summary>
internal sealed class NodeBench : IAsyncDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);
    private readonly Lock _lock = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private NodeBench(ControlBench bench, ManualClock clock)
    {
        (Bench, Clock) = (bench, clock);
        Nodes = Follow(Resources.Nodes);
        Pods = Follow(Resources.Pods);
        Leases = Follow(Resources.Leases);
    }

    public ControlBench Bench { get; }

    public ManualClock Clock { get; }

    public Informer<Node> Nodes { get; }

    public Informer<Pod> Pods { get; }

    public Informer<Lease> Leases { get; }

    public static async Task<NodeBench> StartAsync()
    {
        var clock = new ManualClock();
        return new NodeBench(await ControlBench.StartAsync(clock), clock);
    }

    /// <summary>A node that is ready, in a zone.</summary>
    public Task<Node> AddNodeAsync(string name, string zone = "z", string more = "") => Bench.CreateAsync(
        Resources.Nodes,
        "",
        $"{{'metadata':{{'name':'{name}','labels':{{'topology.kubernetes.io/zone':'{zone}'}}}},'status':{{'conditions':["
            + $"{{'type':'Ready','status':'True','reason':'KubeletReady','lastHeartbeatTime':'2026-01-01T00:00:00Z'}}]}}{more}}}");

    /// <summary>A pod that runs on a node and is ready.</summary>
    public async Task<Pod> AddPodAsync(string ns, string name, string node, string more = "")
    {
        await Bench.CreateAsync(
            Resources.Pods, ns, $"{{'metadata':{{'name':'{name}'}},'spec':{{'nodeName':'{node}','containers':[{{'name':'c','image':'i'}}]{more}}}}}");
        return await Bench.PatchAsync(
            Resources.Pods,
            ns,
            name,
            "{'status':{'phase':'Running','conditions':[{'type':'Ready','status':'True','reason':'kept','lastProbeTime':null}]}}",
            "status");
    }

    /// <summary>A sign of life of a node.</summary>
    public async Task RenewAsync(string node)
    {
        var time = Kubernetes.TimeText.FormatMicro(Clock.GetUtcNow());
        if (Leases.Find("kube-node-lease", node) is null)
        {
            await Bench.CreateAsync(
                Resources.Leases, "kube-node-lease", $"{{'metadata':{{'name':'{node}'}},'spec':{{'holderIdentity':'{node}','renewTime':'{time}'}}}}");
        }
        else
        {
            await Bench.PatchAsync(Resources.Leases, "kube-node-lease", node, $"{{'spec':{{'renewTime':'{time}'}}}}");
        }

        await SeenAsync(() => Leases.Find("kube-node-lease", node)?.Spec.RenewTime == Clock.GetUtcNow());
    }

    /// <summary>Waits until the caches show something.</summary>
    public async Task SeenAsync(Func<bool> condition)
    {
        using var stop = new CancellationTokenSource(_patience);
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                changed = _changed.Task;
            }

            if (condition())
            {
                return;
            }

            await changed.WaitAsync(stop.Token);
        }
    }

    public Task SeenAsync(string node, string condition, string status) =>
        SeenAsync(() => Nodes.Find("", node)?.Status.Find(condition)?.Status == status);

    /// <summary>The taints of a node, short.</summary>
    public string TaintsOf(string node) => string.Join(' ', (Nodes.Find("", node)?.Spec.Taints ?? [])
        .Select(taint => $"{taint.Key.Replace("node.kubernetes.io/", "", StringComparison.Ordinal)}:{taint.Effect}").Order());

    public ValueTask DisposeAsync() => Bench.DisposeAsync();

    private Informer<T> Follow<T>(ApiResource<T> resource)
        where T : KubernetesObject
    {
        var informer = Bench.Context.Informers.Of(resource);
        informer.Subscribe((_, _) =>
        {
            lock (_lock)
            {
                _changed.SetResult();
                _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        });
        return informer;
    }
}

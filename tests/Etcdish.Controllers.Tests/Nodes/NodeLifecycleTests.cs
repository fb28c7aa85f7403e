using Etcdish.Controllers.Nodes;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Tests.Nodes;

/// <summary>Nodes that fall silent and come back, and what becomes of their pods, with a server and a clock that stands still.</summary>
public sealed class NodeLifecycleTests
{
    private NodeBench _bench = null!;
    private NodeLifecycleController _controller = null!;

    [SetUp]
    public async Task Start()
    {
        _bench = await NodeBench.StartAsync();
        _controller = _bench.Bench.Add(new NodeLifecycleController(_bench.Bench.Context));
    }

    [TearDown]
    public async Task Stop() => await _bench.DisposeAsync();

    [Test]
    public async Task A_silent_node_is_unknown_and_its_pods_are_not_ready()
    {
        await _bench.Bench.RunAsync();
        await _bench.AddNodeAsync("a");
        await _bench.AddNodeAsync("b");
        await _bench.AddPodAsync("default", "p", "a");
        await _bench.SeenAsync(() => _bench.TaintsOf("a").Length + _bench.TaintsOf("b").Length == 0);
        await _bench.SeenAsync(() => _bench.Nodes.Count == 2 && _bench.Pods.Find("default", "p") is { IsReady: true });
        await LookAsync();
        await PassAsync(51, "b");

        await _bench.SeenAsync("a", "Ready", "Unknown");
        var ready = _bench.Nodes.Find("", "a")!.Status.Find("Ready")!;
        Assert.That((ready.Reason, ready.Message), Is.EqualTo(("NodeStatusUnknown", "Kubelet stopped posting node status.")));
        Assert.That(ready.LastHeartbeatTime, Is.EqualTo(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)), "a condition is merged");
        await _bench.SeenAsync(() => _bench.Pods.Find("default", "p") is { IsReady: false });
        Assert.That(_bench.Pods.Find("default", "p")!.Status.Find("Ready")!.Reason, Is.EqualTo("kept"));
        Assert.That(_bench.Nodes.Find("", "b")!.Status.Find("Ready")!.Status, Is.EqualTo("True"));
    }

    [Test]
    public async Task A_node_that_cannot_be_reached_is_tainted_until_it_is_back()
    {
        await _bench.AddNodeAsync("a");
        await _bench.AddNodeAsync("b");
        await _bench.Bench.RunAsync();
        await _bench.SeenAsync(() => _bench.Nodes.Count == 2 && _bench.TaintsOf("a").Length + _bench.TaintsOf("b").Length == 0);
        await LookAsync();
        await PassAsync(51, "b");
        await _bench.SeenAsync(() => _bench.TaintsOf("a") == "unreachable:NoSchedule");
        await LookAsync();
        await _bench.SeenAsync(() => _bench.TaintsOf("a") == "unreachable:NoExecute unreachable:NoSchedule");
        var taint = _bench.Nodes.Find("", "a")!.Spec.Taints.Single(t => t.Effect == "NoExecute");
        Assert.That(taint.TimeAdded, Is.EqualTo(_bench.Clock.GetUtcNow()));

        await _bench.Bench.PatchAsync(Resources.Nodes, "", "a", "{'status':{'conditions':[{'type':'Ready','status':'False'}]}}", "status");
        await _bench.SeenAsync(() => _bench.TaintsOf("a") == "not-ready:NoSchedule unreachable:NoExecute");
        await LookAsync();
        await _bench.SeenAsync(() => _bench.TaintsOf("a") == "not-ready:NoExecute not-ready:NoSchedule");

        await _bench.Bench.PatchAsync(Resources.Nodes, "", "a", "{'status':{'conditions':[{'type':'Ready','status':'True'}]}}", "status");
        await _bench.SeenAsync(() => _bench.TaintsOf("a") == "not-ready:NoExecute");
        await LookAsync();
        await _bench.SeenAsync(() => _bench.TaintsOf("a").Length == 0);
    }

    [Test]
    public async Task When_no_node_is_ready_no_pod_is_driven_away()
    {
        await _bench.Bench.RunAsync();
        await _bench.AddNodeAsync("a");
        await _bench.AddNodeAsync("b", "other");
        await _bench.SeenAsync(() => _bench.Nodes.Count == 2 && _bench.TaintsOf("a").Length + _bench.TaintsOf("b").Length == 0);
        await LookAsync();
        await PassAsync(51);
        await _bench.SeenAsync("a", "Ready", "Unknown");
        await _bench.SeenAsync("b", "Ready", "Unknown");

        // A request that is under way when the clock moves would be late for the server.
        await _bench.SeenAsync(() => _bench.TaintsOf("a") == "unreachable:NoSchedule" && _bench.TaintsOf("b") == "unreachable:NoSchedule");
        for (var i = 0; i < 3; i++)
        {
            await LookAsync(600);
        }

        Assert.That(_bench.TaintsOf("a") + _bench.TaintsOf("b"), Does.Not.Contain("NoExecute"));

        // One is back: the other gets its taint.
        await _bench.Bench.PatchAsync(Resources.Nodes, "", "b", "{'status':{'conditions':[{'type':'Ready','status':'True'}]}}", "status");
        await _bench.SeenAsync(() => _bench.TaintsOf("b").Length == 0);
        await LookAsync();
        await LookAsync(11);
        await _bench.SeenAsync(() => _bench.TaintsOf("a").Contains("unreachable:NoExecute", StringComparison.Ordinal));
    }

    [Test]
    public async Task A_cordoned_node_is_tainted_so_that_nothing_comes()
    {
        await _bench.AddNodeAsync("a");
        await _bench.Bench.RunAsync();
        await _bench.Bench.PatchAsync(Resources.Nodes, "", "a", "{'spec':{'unschedulable':true}}");
        await _bench.SeenAsync(() => _bench.TaintsOf("a") == "unschedulable:NoSchedule");
        await _bench.Bench.PatchAsync(Resources.Nodes, "", "a", "{'spec':{'unschedulable':null}}");
        await _bench.SeenAsync(() => _bench.TaintsOf("a").Length == 0);
    }

    [Test]
    public async Task Pods_of_a_node_that_is_gone_go()
    {
        var collector = _bench.Bench.Add(new PodCollector(_bench.Bench.Context, 0));
        await _bench.Bench.RunAsync();
        await _bench.AddPodAsync("default", "orphan", "ghost", ",'terminationGracePeriodSeconds':30");
        await _bench.Bench.PatchAsync(Resources.Pods, "default", "orphan", "{'metadata':{'finalizers':['test.example/hold']}}");
        await _bench.SeenAsync(() => _bench.Pods.Find("default", "orphan") is { Metadata.Finalizers.Length: 1 });
        await AdvanceAsync(20, () => collector.Looks);
        await AdvanceAsync(20, () => collector.Looks);
        await AdvanceAsync(20, () => collector.Looks);
        await _bench.SeenAsync(() => _bench.Pods.Find("default", "orphan") is { Metadata.IsBeingDeleted: true });
        var pod = _bench.Pods.Find("default", "orphan")!;
        var why = pod.Status.Find("DisruptionTarget")!;
        Assert.That((pod.Status.Phase, why.Status, why.Reason), Is.EqualTo(("Failed", "True", "DeletionByPodGC")));
        Assert.That(why.Message, Is.EqualTo("PodGC: node no longer exists"));
        Assert.That(pod.Status.Find("Ready")!.IsTrue, Is.True, "other conditions stay");
    }

    [Test]
    public async Task Pods_that_end_on_a_node_out_of_service_go_at_once()
    {
        var collector = _bench.Bench.Add(new PodCollector(_bench.Bench.Context, 0));
        await _bench.Bench.RunAsync();
        await _bench.AddNodeAsync("a", more: ",'spec':{'taints':[{'key':'node.kubernetes.io/out-of-service','effect':'NoSchedule'}]}");
        await _bench.Bench.PatchAsync(Resources.Nodes, "", "a", "{'status':{'conditions':[{'type':'Ready','status':'Unknown'}]}}", "status");
        await _bench.AddPodAsync("default", "p", "a");
        await _bench.Bench.Client.DeleteAsync(Resources.Pods, "default", "p", null, CancellationToken.None);
        await _bench.SeenAsync(() => _bench.Pods.Find("default", "p") is { Metadata.IsBeingDeleted: true });
        await _bench.SeenAsync("a", "Ready", "Unknown");
        await AdvanceAsync(20, () => collector.Looks);
        await _bench.SeenAsync(() => _bench.Pods.Count == 0);
    }

    [Test]
    public async Task A_pod_goes_when_its_time_on_a_tainted_node_is_over_and_not_if_the_taint_goes()
    {
        var evictions = _bench.Bench.Add(new TaintEvictionController(_bench.Bench.Context));
        await _bench.Bench.RunAsync();
        await _bench.AddNodeAsync("a");
        await _bench.AddPodAsync("default", "patient", "a", ",'tolerations':[{'key':'x','operator':'Exists','tolerationSeconds':300,'effect':'NoExecute'}]");
        await _bench.AddPodAsync("default", "immune", "a", ",'tolerations':[{'operator':'Exists'}]");
        await _bench.AddPodAsync("default", "frail", "a", ",'terminationGracePeriodSeconds':30");
        await _bench.SeenAsync(() => _bench.Pods.Count == 3);
        await TaintAsync("'key':'x','effect':'NoExecute'");
        await _bench.SeenAsync(() => _bench.Pods.Find("default", "frail") is { Metadata.IsBeingDeleted: true });
        var why = _bench.Pods.Find("default", "frail")!.Status.Find("DisruptionTarget")!;
        Assert.That((why.Reason, why.Message), Is.EqualTo(("DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint")));

        await UntilAsync(() => evictions.IsTolerating(new ObjectKey("default", "patient")) && evictions.Queue.Count == 0);
        _bench.Clock.Advance(TimeSpan.FromSeconds(299));
        await _bench.Bench.PatchAsync(Resources.Nodes, "", "a", "{'spec':{'taints':null}}");
        await UntilAsync(() => !evictions.IsTolerating(new ObjectKey("default", "patient")));
        await TaintAsync("'key':'x','effect':'NoExecute'");
        await UntilAsync(() => evictions.IsTolerating(new ObjectKey("default", "patient")) && evictions.Queue.Count == 0);
        _bench.Clock.Advance(TimeSpan.FromSeconds(299));
        await UntilAsync(() => evictions.Queue.Count == 0);
        Assert.That(_bench.Pods.Find("default", "patient"), Is.Not.Null.And.Property("Metadata").Property("IsBeingDeleted").False);
        _bench.Clock.Advance(TimeSpan.FromSeconds(1));
        await _bench.SeenAsync(() => _bench.Pods.Find("default", "patient") is null or { Metadata.IsBeingDeleted: true });
        Assert.That(_bench.Pods.Find("default", "immune"), Is.Not.Null.And.Property("Metadata").Property("IsBeingDeleted").False);

        Task<Node> TaintAsync(string taint) => _bench.Bench.PatchAsync(Resources.Nodes, "", "a", $"{{'spec':{{'taints':[{{{taint}}}]}}}}");
    }

    [Test]
    public async Task Nodes_get_ranges_of_their_own_and_the_ttl()
    {
        _bench.Bench.Add(new NodeRangeController(_bench.Bench.Context, "10.9.0.0/22,fd00:9::/62", 24, 64));
        _bench.Bench.Add(new NodeTtlController(_bench.Bench.Context));
        await _bench.AddNodeAsync("fixed", more: ",'spec':{'podCIDR':'10.9.0.0/24','podCIDRs':['10.9.0.0/24','fd00:9::/64']}");
        await _bench.Bench.RunAsync();
        await Task.WhenAll(Enumerable.Range(0, 3).Select(i => _bench.AddNodeAsync($"n{i}")));
        await _bench.SeenAsync(() => _bench.Nodes.All.Count(n => n.Spec.PodCidrs.Length == 2) == 4);
        Assert.That(
            _bench.Nodes.All.Select(n => n.Spec.PodCidr), Is.EquivalentTo(["10.9.0.0/24", "10.9.1.0/24", "10.9.2.0/24", "10.9.3.0/24"]));
        Assert.That(_bench.Nodes.All.Select(n => n.Spec.PodCidrs[1]).Distinct().Count(), Is.EqualTo(4));
        await _bench.SeenAsync(() => _bench.Nodes.All.All(n => n.Metadata.Annotations.GetValueOrDefault("node.alpha.kubernetes.io/ttl") == "0"));

        var freed = _bench.Nodes.Find("", "n1")!.Spec.PodCidr;
        await _bench.Bench.Client.DeleteAsync(Resources.Nodes, "", "n1", null, CancellationToken.None);
        await _bench.SeenAsync(() => _bench.Nodes.Count == 3);
        await _bench.AddNodeAsync("late");
        await _bench.SeenAsync(() => _bench.Nodes.Find("", "late")?.Spec.PodCidr == freed);
    }

    /// <summary>Spins until something that no watch tells has happened.</summary>
    private static async Task UntilAsync(Func<bool> condition)
    {
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!condition())
        {
            stop.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    private Task LookAsync(int seconds = 5) => AdvanceAsync(seconds, () => _controller.Looks);

    /// <summary>Lets time pass, and waits until a controller has looked at all there is then.</summary>
    private async Task AdvanceAsync(int seconds, Func<int> looks)
    {
        await UntilAsync(() => looks() > 0);
        var before = looks();
        _bench.Clock.Advance(TimeSpan.FromSeconds(seconds));
        await UntilAsync(() => looks() > before);
    }

    /// <summary>Time passes in which only some give signs of life.</summary>
    private async Task PassAsync(int seconds, params string[] alive)
    {
        await LookAsync(seconds - 11);
        foreach (var node in alive)
        {
            await _bench.RenewAsync(node);
        }

        await LookAsync(11);
    }
}

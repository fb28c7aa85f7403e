using System.Text.Json;
using Etcdish.Controllers.DaemonSets;
using Etcdish.Controllers.Tests.History;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Tests.DaemonSets;

/// <summary>
/// Daemon sets on a server. No scheduler is there: pods run where they were made for. Each test has nodes of its own, by a label.
/// </summary>
public sealed class DaemonSetTests
{
    private SetBench _bench = null!;
    private string _ns = "";

    [OneTimeSetUp]
    public async Task StartAsync() => _bench = await SetBench.StartAsync(context => new DaemonSetController(context));

    [OneTimeTearDown]
    public async Task StopAsync() => await _bench.DisposeAsync();

    [SetUp]
    public async Task MakeNamespaceAsync() => _ns = await _bench.MakeNamespaceAsync();

    [Test]
    public async Task Each_node_has_one_also_those_that_come_later()
    {
        await MakeNodesAsync("a", "b");
        await CreateAsync();
        var set = await WaitAsync(status => status is
        {
            DesiredNumberScheduled: 2, NumberAvailable: 2, UpdatedNumberScheduled: 2, NumberUnavailable: 0,
        });
        await MakeNodesAsync("c");
        await WaitAsync(status => status is { DesiredNumberScheduled: 3, NumberAvailable: 3 });
        Assert.That(await NodesAsync(), Is.EqualTo(["a", "b", "c"]));

        var revision = (await _bench.Bench.WaitAsync(Resources.ControllerRevisions, _ns, all => all.Count == 1))[0];
        var hash = revision.Metadata.Labels["controller-revision-hash"];
        Assert.That(revision.Metadata.Name, Is.EqualTo("agent-" + hash));
        var pods = await _bench.PodsAsync(_ns);
        Assert.That(pods.Select(pod => pod.Metadata.Labels["controller-revision-hash"]), Is.All.EqualTo(hash));
        Assert.That(pods.Select(pod => pod.Spec.Tolerations.Length), Is.All.EqualTo(6));
        Assert.That(set.Status.ObservedGeneration, Is.EqualTo(1));
        await _bench.WaitForEventAsync(_ns, "SuccessfulCreate", "Created pod: " + pods[0].Metadata.Name);
    }

    [Test]
    public async Task Nodes_that_no_longer_fit_lose_theirs()
    {
        await MakeNodesAsync("a", "b", "c");
        await CreateAsync();
        await WaitAsync(status => status.NumberAvailable == 3);
        await _bench.Bench.PatchAsync(Resources.Nodes, "", Name("a"), "{'metadata':{'labels':{'of':'nobody'}}}");
        await WaitForNodesAsync("b", "c");
        await _bench.Bench.PatchAsync(Resources.Nodes, "", Name("b"), "{'spec':{'taints':[{'key':'k','effect':'NoExecute'}]}}");
        await WaitForNodesAsync("c");
        await _bench.Bench.PatchAsync(Resources.Nodes, "", Name("c"), "{'spec':{'taints':[{'key':'k','effect':'NoSchedule'}]}}");
        await WaitAsync(status => status is { DesiredNumberScheduled: 0, NumberMisscheduled: 1, CurrentNumberScheduled: 0 });
        Assert.That(await NodesAsync(), Is.EqualTo(["c"]));
        await _bench.Bench.PatchAsync(Resources.Nodes, "", Name("b"), "{'spec':{'taints':null,'unschedulable':true}}");
        await WaitAsync(status => status is { DesiredNumberScheduled: 1, NumberMisscheduled: 1 });
        await WaitForNodesAsync("b", "c");
    }

    [Test]
    public async Task A_pod_for_a_node_that_is_gone_is_deleted()
    {
        await MakeNodesAsync("a", "b");
        await CreateAsync();
        await WaitAsync(status => status.NumberAvailable == 2);
        await _bench.Client.DeleteAsync(Resources.Nodes, "", Name("b"), null, CancellationToken.None);
        await WaitForNodesAsync("a");
        await WaitAsync(status => status is { DesiredNumberScheduled: 1, NumberAvailable: 1 });
    }

    [Test]
    public async Task A_new_template_goes_from_node_to_node_and_back()
    {
        await MakeNodesAsync("a", "b", "c");
        await CreateAsync();
        await WaitAsync(status => status.NumberAvailable == 3);
        await SetImageAsync("new");
        await WaitAsync(status => status is { UpdatedNumberScheduled: 3, NumberAvailable: 3 });
        var history = _bench.HistoryOf(_ns).Split(' ');
        Assert.That(LeastServing(history), Is.EqualTo(2));
        Assert.That(history.Count(what => what[0] == '+'), Is.EqualTo(6));

        // As kubectl rollout undo does.
        var revisions = await _bench.Bench.WaitAsync(Resources.ControllerRevisions, _ns, all => all.Count == 2);
        var former = revisions.MinBy(revision => revision.Revision)!;
        await _bench.Client.PatchAsync(Resources.DaemonSets, _ns, "agent", former.Data, PatchKind.Strategic, "", CancellationToken.None);
        await WaitAsync(status => status is { UpdatedNumberScheduled: 3, NumberAvailable: 3 });
        revisions = await _bench.Bench.WaitAsync(Resources.ControllerRevisions, _ns, all => all.Max(r => r.Revision) == 3);
        Assert.That(revisions.MaxBy(revision => revision.Revision)!.Metadata.Name, Is.EqualTo(former.Metadata.Name));
        Assert.That((await _bench.PodsAsync(_ns)).Select(pod => pod.Spec.Containers[0].Image), Is.All.EqualTo("i"));
    }

    [Test]
    public async Task With_surge_no_node_is_without()
    {
        await MakeNodesAsync("a", "b", "c");
        await CreateAsync("'updateStrategy':{'type':'RollingUpdate','rollingUpdate':{'maxSurge':1,'maxUnavailable':0}}");
        await WaitAsync(status => status.NumberAvailable == 3);
        await SetImageAsync("new");
        await _bench.Bench.WaitAsync(
            Resources.Pods, _ns, pods => pods.Count == 3 && pods.All(pod => pod.IsReady && pod.Spec.Containers[0].Image == "new"));
        await WaitAsync(status => status is { UpdatedNumberScheduled: 3, NumberAvailable: 3 });
        Assert.That(LeastServing(_bench.HistoryOf(_ns).Split(' ')), Is.EqualTo(3));
    }

    [Test]
    public async Task On_delete_a_pod_is_replaced_when_somebody_deletes_it()
    {
        await MakeNodesAsync("a", "b");
        await CreateAsync("'updateStrategy':{'type':'OnDelete'}");
        await WaitAsync(status => status.NumberAvailable == 2);
        await SetImageAsync("new");
        await WaitAsync(status => status is { UpdatedNumberScheduled: 0, NumberAvailable: 2 });
        var pod = (await _bench.PodsAsync(_ns))[0].Metadata.Name;
        await _bench.Client.DeleteAsync(Resources.Pods, _ns, pod, null, CancellationToken.None);
        await WaitAsync(status => status is { UpdatedNumberScheduled: 1, NumberAvailable: 2 });
    }

    [Test]
    public async Task A_pod_that_ended_is_replaced()
    {
        await MakeNodesAsync("a");
        await CreateAsync();
        await WaitAsync(status => status.NumberAvailable == 1);
        var pod = (await _bench.PodsAsync(_ns))[0].Metadata;
        await _bench.Bench.PatchAsync(Resources.Pods, _ns, pod.Name, "{'status':{'phase':'Failed'}}", "status");
        await _bench.Bench.WaitAsync(Resources.Pods, _ns, pods => pods is [{ IsReady: true } now] && now.Metadata.Uid != pod.Uid);
        await _bench.WaitForEventAsync(
            _ns, "FailedDaemonPod", $"Found failed daemon pod {_ns}/{pod.Name} on node {Name("a")}, will try to kill it");
    }

    /// <summary>The least number of pods that were ready at once, from when all were.</summary>
    private static int LeastServing(string[] history)
    {
        HashSet<string> ready = [];
        var least = int.MaxValue;
        foreach (var what in history)
        {
            _ = what[0] == '!' ? ready.Add(what[1..]) : ready.Remove(what[1..]);
            least = ready.Count == 3 || least < int.MaxValue ? Math.Min(least, ready.Count) : least;
        }

        return least;
    }

    private string Name(string node) => $"{_ns}-{node}";

    private async Task MakeNodesAsync(params string[] nodes)
    {
        foreach (var node in nodes)
        {
            await _bench.Bench.CreateAsync(Resources.Nodes, "", "{'metadata':{'name':'" + Name(node) + "','labels':{'of':'" + _ns + "'}}}");

            // A new node has a taint until it is known to be ready.
            await _bench.Bench.PatchAsync(Resources.Nodes, "", Name(node), "{'spec':{'taints':null}}");
        }
    }

    private async Task CreateAsync(string fields = "'minReadySeconds':0") => await _bench.Bench.CreateAsync(
        Resources.DaemonSets,
        _ns,
        "{'metadata':{'name':'agent'},'spec':{'selector':{'matchLabels':{'app':'agent'}},'template':{'metadata':{'labels':{'app':'agent'}},"
            + "'spec':{'nodeSelector':{'of':'" + _ns + "'},'containers':[{'name':'c','image':'i'}]}}," + fields + "}}");

    private Task<DaemonSet> SetImageAsync(string image) => _bench.Bench.PatchAsync(
        Resources.DaemonSets, _ns, "agent", "{'spec':{'template':{'spec':{'containers':[{'name':'c','image':'" + image + "'}]}}}}");

    private async Task<IEnumerable<string>> NodesAsync() => NodesOf(await _bench.PodsAsync(_ns));

    private IEnumerable<string> NodesOf(IReadOnlyList<Pod> pods) => pods.Select(pod => DaemonPods.NodeOf(pod)![(_ns.Length + 1)..]).Order();

    private async Task WaitForNodesAsync(params string[] nodes) => await _bench.Bench.WaitAsync(
        Resources.Pods,
        _ns,
        pods => pods.All(pod => pod.IsReady) && NodesOf(pods).SequenceEqual(nodes),
        pod => DaemonPods.NodeOf(pod) ?? "?");

    /// <summary>Waits until so much is said of the set as it is now.</summary>
    private async Task<DaemonSet> WaitAsync(Func<DaemonSetStatus, bool> condition) => (await _bench.Bench.WaitAsync(
        Resources.DaemonSets,
        _ns,
        sets => sets is [var set] && set.Status.ObservedGeneration == set.Metadata.Generation && condition(set.Status),
        set => JsonSerializer.Serialize(set.Status)))[0];
}

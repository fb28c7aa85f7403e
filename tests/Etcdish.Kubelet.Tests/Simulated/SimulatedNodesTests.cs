using System.Text.Json.Nodes;
using Etcdish.ClusterBench;
using Etcdish.Kubelet.Simulated;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Objects;
using Etcdish.Testing;

namespace Etcdish.Kubelet.Tests.Simulated;

/// <summary>Simulated nodes at work on an API server.</summary>
public sealed class SimulatedNodesTests
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    private static readonly SimulatedNodesOptions _options = new() { Count = 3, Zones = 2, RunTime = TimeSpan.Zero };

    private readonly CancellationTokenSource _stop = new();
    private ControlBench _bench = null!;
    private SimulatedNodes _nodes = null!;
    private Task _running = Task.CompletedTask;

    private static CancellationToken None => CancellationToken.None;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _bench = await ControlBench.StartAsync();
        _nodes = new SimulatedNodes(_bench.Context, _options);
        _running = _nodes.RunAsync(_stop.Token);
        await _nodes.Registered.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _nodes.Dispose();
        await _bench.DisposeAsync();
        _stop.Dispose();
    }

    [Test]
    public async Task Nodes_register_with_all_that_a_kubelet_tells()
    {
        var node = (await _bench.ReadAsync(Resources.Nodes, "", "node-1"))!;
        var lease = (await _bench.ReadAsync(Resources.Leases, "kube-node-lease", "node-1"))!;
        var labels = node["metadata"]!["labels"]!;
        var status = node["status"]!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(labels["kubernetes.io/hostname"]!.GetValue<string>(), Is.EqualTo("node-1"));
            Assert.That(labels["topology.kubernetes.io/zone"]!.GetValue<string>(), Is.EqualTo("zone-1"));
            Assert.That(status["allocatable"]!["pods"]!.GetValue<string>(), Is.EqualTo("110"));
            Assert.That(status["capacity"]!["memory"]!.GetValue<string>(), Is.EqualTo("256Gi"));
            Assert.That(status["addresses"]![0]!["address"]!.GetValue<string>(), Is.EqualTo("172.16.0.2"));
            Assert.That(node["spec"]!["podCIDR"]!.GetValue<string>(), Is.EqualTo("10.128.1.0/24"));
            Assert.That(
                status["conditions"]!.AsArray().Select(c => $"{c!["type"]}={c["status"]}"),
                Is.EqualTo(["MemoryPressure=False", "DiskPressure=False", "PIDPressure=False", "Ready=True"]));
            Assert.That(lease["spec"]!["leaseDurationSeconds"]!.GetValue<int>(), Is.EqualTo(40));
            Assert.That(lease["metadata"]!["ownerReferences"]![0]!["uid"]!.ToString(), Is.EqualTo(node["metadata"]!["uid"]!.ToString()));
        }
    }

    [Test]
    public async Task A_pod_that_is_bound_becomes_ready_and_when_deleted_goes()
    {
        var ns = await NamespaceAsync("ready");
        await CreateAsync(ns, "a", "");
        await BindAsync(ns, "a", "node-0");
        await _bench.WaitAsync(Resources.Pods, ns, pods => pods is [{ IsReady: true }]);
        var status = (await _bench.ReadAsync(Resources.Pods, ns, "a"))!["status"]!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(status["phase"]!.GetValue<string>(), Is.EqualTo("Running"));
            Assert.That(status["hostIP"]!.GetValue<string>(), Is.EqualTo("172.16.0.1"));
            Assert.That(status["podIP"]!.GetValue<string>(), Does.StartWith("10.128.0."));
            Assert.That(status["qosClass"]!.GetValue<string>(), Is.EqualTo("BestEffort"));
            Assert.That(
                status["conditions"]!.AsArray().Select(c => $"{c!["type"]}={c["status"]}"),
                Is.EquivalentTo(
                    ["PodReadyToStartContainers=True", "Initialized=True", "Ready=True", "ContainersReady=True", "PodScheduled=True"]));
            Assert.That(status["containerStatuses"]![0]!["state"]!["running"], Is.Not.Null);
            Assert.That(status["containerStatuses"]![0]!["ready"]!.GetValue<bool>(), Is.True);
        }

        await _bench.Client.DeleteAsync(Resources.Pods, ns, "a", null, None);
        await _bench.WaitAsync(Resources.Pods, ns, pods => pods.Count == 0);
    }

    [TestCase("Never", 0, "Succeeded", "PodCompleted")]
    [TestCase("OnFailure", 0, "Succeeded", "PodCompleted")]
    [TestCase("Never", 3, "Failed", "PodFailed")]
    public async Task A_pod_that_is_to_end_does(string policy, int code, string phase, string reason)
    {
        var ns = await NamespaceAsync($"end-{policy.ToLowerInvariant()}-{code}");
        await CreateAsync(ns, "a", $"'restartPolicy':'{policy}',", $"'etcdish.io/simulated-exit-code':'{code}'");
        await BindAsync(ns, "a", "node-0");
        var pods = await _bench.WaitAsync(Resources.Pods, ns, pods => pods is [{ IsFinished: true }]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(pods[0].Status.Phase, Is.EqualTo(phase));
            Assert.That(pods[0].Status.Find("Ready")!.Reason, Is.EqualTo(reason));
            Assert.That(pods[0].Status.ContainerStatuses[0].State.Terminated!.ExitCode, Is.EqualTo(code));
        }
    }

    [Test]
    public async Task Conditions_of_others_stay()
    {
        var ns = await NamespaceAsync("conditions");
        await CreateAsync(ns, "a", "'readinessGates':[{'conditionType':'example.com/open'}],");
        await BindAsync(ns, "a", "node-0");
        await _bench.WaitAsync(Resources.Pods, ns, pods => pods is [{ Status.Phase: "Running" }]);
        var pod = await _bench.Client.GetAsync(Resources.Pods, ns, "a", None);
        Assert.That(pod.Status.Find("Ready")!.Reason, Is.EqualTo("ReadinessGatesNotReady"));
        var gate = JsonNode.Parse("""{"status":{"conditions":[{"type":"example.com/open","status":"True"}]}}""")!;
        await _bench.Client.PatchAsync(Resources.Pods, ns, "a", gate, PatchKind.Strategic, "status", None);
        await _bench.WaitAsync(Resources.Pods, ns, pods => pods is [{ IsReady: true }]);
        Assert.That((await _bench.Client.GetAsync(Resources.Pods, ns, "a", None)).Status.Find("example.com/open")!.IsTrue, Is.True);
    }

    [Test]
    public async Task A_pod_that_is_to_be_stuck_is()
    {
        var ns = await NamespaceAsync("stuck");
        await CreateAsync(ns, "a", "", "'etcdish.io/simulated-stuck':'ImagePullBackOff'");
        await BindAsync(ns, "a", "node-0");
        var pods = await _bench.WaitAsync(Resources.Pods, ns, pods => pods is [{ Status.ContainerStatuses.Length: 1 }]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(pods[0].Status.Phase, Is.EqualTo("Pending"));
            Assert.That(pods[0].Status.ContainerStatuses[0].State.Waiting!.Reason, Is.EqualTo("ImagePullBackOff"));
            Assert.That(pods[0].IsReady, Is.False);
        }
    }

    [Test]
    public async Task A_node_that_is_cut_off_does_nothing_and_then_goes_on()
    {
        var ns = await NamespaceAsync("silent");
        _nodes.SetSilent("node-2", true);
        await CreateAsync(ns, "a", "");
        await BindAsync(ns, "a", "node-2");
        await CreateAsync(ns, "b", "");
        await BindAsync(ns, "b", "node-1");

        var pods = await _bench.WaitAsync(Resources.Pods, ns, pods => pods.Any(pod => pod.IsReady));
        Assert.That(pods.Single(pod => pod.IsReady).Metadata.Name, Is.EqualTo("b"));
        _nodes.SetSilent("node-2", false);
        await _bench.WaitAsync(Resources.Pods, ns, pods => pods.All(pod => pod.IsReady));
    }

    [Test]
    public async Task Many_pods_have_addresses_of_their_own_and_give_them_back()
    {
        var ns = await NamespaceAsync("many");
        for (var round = 0; round < 3; round++)
        {
            await Parallel.ForEachAsync(Enumerable.Range(0, 100), async (number, _) =>
            {
                await CreateAsync(ns, $"p{number}", "");
                await BindAsync(ns, $"p{number}", "node-1");
            });
            var pods = await _bench.WaitAsync(Resources.Pods, ns, pods => pods.Count == 100 && pods.All(pod => pod.IsReady));
            Assert.That(pods.Select(pod => pod.Status.PodIp).Distinct().Count(), Is.EqualTo(100), $"round {round}");
            await _bench.Client.SendAsync(HttpMethod.Delete, Resources.Pods.Path(ns), null, null, None);
            await _bench.WaitAsync(Resources.Pods, ns, pods => pods.Count == 0);
        }
    }

    [Test]
    public async Task Who_runs_them_next_takes_up_what_runs()
    {
        var ns = await NamespaceAsync("adopt");
        var context = _bench.MakeContext(TimeProvider.System);
        var options = _options with { NamePrefix = "other-", Count = 1 };
        using var first = new SimulatedNodes(context, options);
        using var stop = new CancellationTokenSource();
        var running = first.RunAsync(stop.Token);
        await first.Registered.WaitAsync(TimeSpan.FromSeconds(30));
        await CreateAsync(ns, "a", "");
        await BindAsync(ns, "a", "other-0");
        var before = (await _bench.WaitAsync(Resources.Pods, ns, pods => pods is [{ IsReady: true }]))[0];
        await stop.CancelAsync();
        await running;
        await context.Informers.DisposeAsync();
        await context.Events.DisposeAsync();

        var next = _bench.MakeContext(TimeProvider.System);
        using var second = new SimulatedNodes(next, options);
        using var end = new CancellationTokenSource();
        var again = second.RunAsync(end.Token);
        await second.Registered.WaitAsync(TimeSpan.FromSeconds(30));
        await CreateAsync(ns, "b", "");
        await BindAsync(ns, "b", "other-0");
        var pods = await _bench.WaitAsync(Resources.Pods, ns, pods => pods.Count == 2 && pods.All(pod => pod.IsReady));
        await _bench.Client.DeleteAsync(Resources.Pods, ns, "a", null, None);
        await _bench.WaitAsync(Resources.Pods, ns, pods => pods is [{ Metadata.Name: "b" }]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(pods.Single(pod => pod.Metadata.Name == "a").Metadata.ResourceVersion, Is.EqualTo(before.Metadata.ResourceVersion));
            Assert.That(pods.Select(pod => pod.Status.PodIp), Is.Unique);
        }

        await end.CancelAsync();
        await again;
        await next.Informers.DisposeAsync();
        await next.Events.DisposeAsync();
    }

    [Test]
    public async Task Who_runs_them_next_gives_nobody_an_address_that_is_taken()
    {
        var ns = await NamespaceAsync("addresses");
        var options = _options with { NamePrefix = "third-", Count = 1 };
        await RunAsync(async () =>
        {
            await CreateAsync(ns, "b", "");
            await BindAsync(ns, "b", "third-0");
            await _bench.WaitAsync(Resources.Pods, ns, pods => pods is [{ IsReady: true }]);
        });

        // It is seen before the one that has its address already.
        await CreateAsync(ns, "a", "");
        await BindAsync(ns, "a", "third-0");
        await RunAsync(async () =>
        {
            var pods = await _bench.WaitAsync(Resources.Pods, ns, pods => pods.Count == 2 && pods.All(pod => pod.IsReady));
            Assert.That(pods.Select(pod => pod.Status.PodIp), Is.Unique);
        });

        async Task RunAsync(Func<Task> during)
        {
            var context = _bench.MakeContext(TimeProvider.System);
            using var nodes = new SimulatedNodes(context, options);
            using var stop = new CancellationTokenSource();
            var running = nodes.RunAsync(stop.Token);
            await during();
            await stop.CancelAsync();
            await running;
            await context.Informers.DisposeAsync();
            await context.Events.DisposeAsync();
        }
    }

    [Test]
    public async Task Who_runs_them_next_writes_nothing_of_a_node_that_is_well()
    {
        var options = _options with { NamePrefix = "fourth-", Count = 2 };
        await RegisterAsync(options);
        var before = await VersionsAsync();
        await RegisterAsync(options);
        Assert.That(await VersionsAsync(), Is.EqualTo(before));
        await RegisterAsync(options with { Cpu = "64" });
        var nodes = await _bench.WaitAsync(Resources.Nodes, "", all => Ours(all).All(node => node.Status.Capacity["cpu"].ToString() == "64"));
        Assert.That(Ours(nodes).Select(node => node.Metadata.ResourceVersion), Has.None.AnyOf(before));

        async Task<string[]> VersionsAsync() =>
            [.. Ours(await _bench.WaitAsync(Resources.Nodes, "", all => Ours(all).Count() == 2)).Select(node => node.Metadata.ResourceVersion)];

        IEnumerable<Node> Ours(IEnumerable<Node> all) =>
            all.Where(node => node.Metadata.Name.StartsWith("fourth-", StringComparison.Ordinal)).OrderBy(node => node.Metadata.Name);
    }

    [Test]
    public async Task A_node_that_was_taken_for_dead_says_with_its_next_sign_of_life_that_it_is_not()
    {
        var clock = new ManualClock();
        await using var bench = await ControlBench.StartAsync();
        var context = bench.MakeContext(clock);
        var isLost = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        context.Informers.Of(Resources.Nodes).Subscribe((_, now) =>
        {
            if (now?.Status.Find("Ready") is { Status: "Unknown" })
            {
                isLost.TrySetResult();
            }
        });
        using var nodes = new SimulatedNodes(context, new SimulatedNodesOptions { StatusPeriod = TimeSpan.FromDays(10_000) });
        using var stop = new CancellationTokenSource();
        var running = nodes.RunAsync(stop.Token);
        await nodes.Registered.WaitAsync(TimeSpan.FromSeconds(30));

        // The first sign of life brings the status along; from there on it would not come for years.
        var said = await ReadyAsync();
        await AdvanceUntilAsync(clock, async () => await ReadyAsync() != said);
        await bench.PatchAsync(
            Resources.Nodes, "", "node-0", "{'status':{'conditions':[{'type':'Ready','status':'Unknown'}]}}", "status");
        await isLost.Task.WaitAsync(_patience);
        await AdvanceUntilAsync(clock, async () => (await ReadyAsync()).Contains("\"status\":\"True\"", StringComparison.Ordinal));

        await stop.CancelAsync();
        await running;
        await context.Informers.DisposeAsync();
        await context.Events.DisposeAsync();

        async Task<string> ReadyAsync() =>
            (await bench.ReadAsync(Resources.Nodes, "", "node-0"))!["status"]!["conditions"]!.AsArray()
                .Single(condition => condition!["type"]!.GetValue<string>() == "Ready")!.ToJsonString();
    }

    [Test]
    public async Task Leases_are_renewed_by_the_clock()
    {
        var clock = new ManualClock();
        await using var bench = await ControlBench.StartAsync();
        var context = bench.MakeContext(clock);
        using var nodes = new SimulatedNodes(context, new SimulatedNodesOptions { Count = 2 });
        using var stop = new CancellationTokenSource();
        var running = nodes.RunAsync(stop.Token);
        await nodes.Registered.WaitAsync(TimeSpan.FromSeconds(30));
        nodes.SetSilent("node-1", true);
        var renewed = "2026-01-01T00:00:00.000000Z";
        await AdvanceUntilAsync(clock, async () => (renewed = await RenewTimeAsync("node-0")) != "2026-01-01T00:00:00.000000Z");

        using (Assert.EnterMultipleScope())
        {
            Assert.That(renewed, Is.GreaterThan("2026-01-01T00:00:00.000000Z"));
            Assert.That(await RenewTimeAsync("node-1"), Is.EqualTo("2026-01-01T00:00:00.000000Z"));
        }

        await stop.CancelAsync();
        await running;
        await context.Informers.DisposeAsync();
        await context.Events.DisposeAsync();

        async Task<string> RenewTimeAsync(string node) =>
            (await bench.ReadAsync(Resources.Leases, "kube-node-lease", node))!["spec"]!["renewTime"]!.GetValue<string>();
    }

    /// <summary>Lets time go on until something is so: what the clock sets off takes its own time.</summary>
    private static async Task AdvanceUntilAsync(ManualClock clock, Func<Task<bool>> isSo)
    {
        var waited = System.Diagnostics.Stopwatch.StartNew();
        while (!await isSo())
        {
            Assert.That(waited.Elapsed, Is.LessThan(_patience));
            clock.Advance(TimeSpan.FromSeconds(1));
        }
    }

    /// <summary>Runs nodes until they have registered.</summary>
    private async Task RegisterAsync(SimulatedNodesOptions options)
    {
        var context = _bench.MakeContext(TimeProvider.System);
        using var nodes = new SimulatedNodes(context, options);
        using var stop = new CancellationTokenSource();
        var running = nodes.RunAsync(stop.Token);
        await nodes.Registered.WaitAsync(TimeSpan.FromSeconds(30));
        await stop.CancelAsync();
        await running;
        await context.Informers.DisposeAsync();
        await context.Events.DisposeAsync();
    }

    private async Task<string> NamespaceAsync(string name)
    {
        var path = new ApiResource("", "v1", "namespaces", "Namespace", false).Path("");
        var value = new JsonObject { ["metadata"] = new JsonObject { ["name"] = name } };
        await _bench.Client.SendAsync(HttpMethod.Post, path, value, null, None);
        return name;
    }

    private Task<Pod> CreateAsync(string ns, string name, string spec, string annotations = "") => _bench.CreateAsync(
        Resources.Pods,
        ns,
        $$$"""
        {'metadata':{'name':'{{{name}}}','annotations':{ {{{annotations}}} }},'spec':{ {{{spec}}} 'containers':[{'name':'c','image':'i'}]}}
        """);

    private async Task BindAsync(string ns, string name, string node)
    {
        var binding = new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = name },
            ["target"] = new JsonObject { ["kind"] = "Node", ["name"] = node },
        };
        await _bench.Client.SendAsync(HttpMethod.Post, Resources.Pods.Path(ns, name, "binding"), binding, null, None);
    }
}

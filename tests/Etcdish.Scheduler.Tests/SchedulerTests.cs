using Etcdish.ClusterBench;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Scheduler.Tests;

/// <summary>The scheduler as a client of an API server.</summary>
public sealed class SchedulerTests
{
    private ControlBench _bench = null!;
    private CancellationTokenSource _stop = null!;
    private Task _running = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _bench = await ControlBench.StartAsync();
        _stop = new CancellationTokenSource();
        _running = new PodScheduler(_bench.Context, new SchedulerOptions { InitialBackoff = TimeSpan.FromMilliseconds(10) }).RunAsync(_stop.Token);
        await Nodes("plain-1", "plain-2", "plain-3");
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running;
        await _bench.DisposeAsync();
        _stop.Dispose();
    }

    [Test]
    public async Task Pods_get_nodes_and_are_told_of_it()
    {
        var ns = await NamespaceAsync("placed");
        for (var i = 0; i < 30; i++)
        {
            await PodAsync(ns, $"p{i}", "'containers':[{'name':'c','image':'i','resources':{'requests':{'cpu':'100m'}}}]");
        }

        var pods = await _bench.WaitAsync(Resources.Pods, ns, all => all.Count == 30 && all.All(p => p.Spec.NodeName.Length > 0));
        Assert.That(pods.Select(p => p.Spec.NodeName), Is.SupersetOf(new[] { "plain-1", "plain-2", "plain-3" }));
        Assert.That(pods.All(p => p.Status.Find("PodScheduled") is { IsTrue: true }));
        var told = await EventAsync(ns, "p7", "Scheduled");
        var chosen = pods.Single(p => p.Metadata.Name == "p7").Spec.NodeName;
        Assert.That(told, Is.EqualTo($"Successfully assigned {ns}/p7 to {chosen}"));
    }

    [Test]
    public async Task A_pod_that_fits_nowhere_says_why_and_is_placed_when_it_fits()
    {
        var ns = await NamespaceAsync("late");
        await PodAsync(ns, "big", "'nodeSelector':{'late':'yes'},'containers':[{'name':'c','image':'i'}]");
        var pods = await _bench.WaitAsync(Resources.Pods, ns, all => all is [{ } p] && p.Status.Find("PodScheduled") is { Status: "False" });
        var condition = pods[0].Status.Find("PodScheduled")!;
        Assert.That(condition.Reason, Is.EqualTo("Unschedulable"));
        Assert.That(condition.Message, Does.Match(
            "^0/(\\d) nodes are available: \\1 node\\(s\\) didn't match Pod's node affinity/selector. preemption: 0/\\1 nodes are available: \\1 Preemption is not helpful for scheduling.$"));
        Assert.That(await EventAsync(ns, "big", "FailedScheduling"), Is.EqualTo(condition.Message));
        await NodeAsync("late-1", "'late':'yes'");
        await _bench.WaitAsync(Resources.Pods, ns, all => all is [{ Spec.NodeName: "late-1" }]);
    }

    [Test]
    public async Task A_gated_pod_waits_until_its_gates_are_gone()
    {
        var ns = await NamespaceAsync("gated");
        await PodAsync(ns, "g", "'schedulingGates':[{'name':'example.com/wait'}],'containers':[{'name':'c','image':'i'}]");
        var pods = await _bench.WaitAsync(Resources.Pods, ns, all => all is [{ } p] && p.Status.Find("PodScheduled") is { Reason: "SchedulingGated" });
        Assert.That(pods[0].Spec.NodeName, Is.Empty);
        await _bench.PatchAsync(Resources.Pods, ns, "g", "{'spec':{'schedulingGates':null}}");
        await _bench.WaitAsync(
            Resources.Pods, ns, all => all is [{ Spec.NodeName.Length: > 0 }],
            p => $"{p} gates: {p.Spec.SchedulingGates.Length}, {p.Status.Find("PodScheduled")?.Message}");
    }

    [Test]
    public async Task Pods_of_other_schedulers_are_left_alone()
    {
        var ns = await NamespaceAsync("other");
        await PodAsync(ns, "theirs", "'schedulerName':'other','containers':[{'name':'c','image':'i'}]");
        await PodAsync(ns, "ours", "'containers':[{'name':'c','image':'i'}]");
        var pods = await _bench.WaitAsync(Resources.Pods, ns, all => all.Any(p => p.Metadata.Name == "ours" && p.Spec.NodeName.Length > 0));
        Assert.That(pods.Single(p => p.Metadata.Name == "theirs").Spec.NodeName, Is.Empty);
    }

    private async Task<string> NamespaceAsync(string name)
    {
        await _bench.Client.SendAsync(
            HttpMethod.Post, "/api/v1/namespaces", System.Text.Json.Nodes.JsonNode.Parse($$$"""{"metadata":{"name":"{{{name}}}"}}"""), null, CancellationToken.None);
        return name;
    }

    private Task<Pod> PodAsync(string ns, string name, string spec) =>
        _bench.CreateAsync(Resources.Pods, ns, "{'metadata':{'name':'" + name + "'},'spec':{" + spec + "}}");

    private async Task Nodes(params string[] names)
    {
        foreach (var name in names)
        {
            await NodeAsync(name);
        }
    }

    private async Task NodeAsync(string name, string labels = "")
    {
        await _bench.CreateAsync(Resources.Nodes, "", "{'metadata':{'name':'" + name + "','labels':{" + labels + "}}}");
        await _bench.PatchAsync(
            Resources.Nodes, "", name, "{'status':{'allocatable':{'cpu':'8','memory':'32Gi','pods':'110'}}}", "status");

        // Admission has tainted it, since nobody has said that it is ready.
        await _bench.PatchAsync(Resources.Nodes, "", name, "{'spec':{'taints':null}}");
    }

    private async Task<string> EventAsync(string ns, string pod, string reason)
    {
        var found = await _bench.WaitAsync(_events, ns, all => all.Any(e => e.InvolvedObject.Name == pod && e.Reason == reason));
        return found.First(e => e.InvolvedObject.Name == pod && e.Reason == reason).Message;
    }

    private static readonly ApiResource<EventFacts> _events = new("", "v1", "events", "Event", true, EventForms.Default.EventFacts);
}

internal sealed class EventFacts : KubernetesObject
{
    public Subject InvolvedObject { get; set; } = new();

    public string Reason { get; set; } = "";

    public string Message { get; set; } = "";

    public sealed class Subject
    {
        public string Name { get; set; } = "";
    }
}

[System.Text.Json.Serialization.JsonSourceGenerationOptions(
    System.Text.Json.JsonSerializerDefaults.Web, NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.Strict,
    PropertyNameCaseInsensitive = false, GenerationMode = System.Text.Json.Serialization.JsonSourceGenerationMode.Metadata)]
[System.Text.Json.Serialization.JsonSerializable(typeof(EventFacts))]
internal sealed partial class EventForms : System.Text.Json.Serialization.JsonSerializerContext;

using System.Text.Json.Nodes;
using Etcdish.ClusterBench;
using Etcdish.Controllers.Workloads;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Objects;
using Etcdish.Testing;

namespace Etcdish.Controllers.Tests.Workloads;

/// <summary>Replica sets and replication controllers on a server, with pods that run at once.</summary>
public sealed class ReplicaSetTests
{
    private readonly ManualClock _clock = new();
    private ControlBench _bench = null!;
    private string _ns = "";

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _bench = await ControlBench.StartAsync(_clock);
        _bench.Add(new ReplicaSetController(_bench.Context));
        _bench.Add(new ReplicationManager(_bench.Context));
        _bench.Add(new InstantKubelet(_bench.Context, pod => pod.Metadata.Labels.ContainsKey("stuck") || pod.Status.Phase == "Failed"));
        await _bench.RunAsync();
    }

    [OneTimeTearDown]
    public async Task StopAsync() => await _bench.DisposeAsync();

    [SetUp]
    public async Task MakeNamespaceAsync() => _ns = await Samples.NamespaceAsync(_bench);

    [Test]
    public async Task Pods_are_created_with_all_the_template_says()
    {
        var set = await CreateAsync("'replicas':3");
        await AvailableAsync(3);
        var pods = await PodsAsync(all => all.Count == 3);
        var json = (await _bench.ReadAsync(Resources.Pods, _ns, pods[0].Metadata.Name))!;
        Assert.That(json["metadata"]!["generateName"]!.GetValue<string>(), Is.EqualTo("web-"));
        Assert.That(pods[0].Metadata.Name, Does.Match("^web-[a-z0-9]{5}$"));
        Assert.That(pods[0].Metadata.Labels, Does.ContainKey("app").WithValue("web"));
        Assert.That(json["metadata"]!["annotations"]!["note"]!.GetValue<string>(), Is.EqualTo("x"));
        Assert.That(json["metadata"]!["ownerReferences"]!.ToJsonString(), Is.EqualTo(
            new JsonArray(OwnerReference.ToController(Resources.ReplicaSets, set)).ToJsonString()));
        var told = await Samples.EventsAsync(_bench, _ns, "SuccessfulCreate", 3);
        Assert.That(told.Select(e => e["message"]!.GetValue<string>()), Is.EquivalentTo(pods.Select(pod => $"Created pod: {pod.Metadata.Name}")));
        Assert.That(told[0]["source"]!["component"]!.GetValue<string>(), Is.EqualTo("replicaset-controller"));
    }

    [Test]
    public async Task A_set_is_scaled_down_and_up_and_forgets_pods_that_end()
    {
        await CreateAsync("'replicas':5");
        await AvailableAsync(5);
        await ScaleAsync(2);
        await AvailableAsync(2);
        var pods = await PodsAsync(all => all.Count == 2);
        await _bench.PatchAsync(Resources.Pods, _ns, pods[0].Metadata.Name, "{'status':{'phase':'Failed'}}", "status");
        await PodsAsync(all => all.Count == 3 && all.Count(pod => pod.IsReady && pod.IsActive) == 2);
        await _bench.Client.DeleteAsync(Resources.Pods, _ns, pods[1].Metadata.Name, null, CancellationToken.None);
        await PodsAsync(all => all.Count == 3 && all.Count(pod => pod.IsReady && pod.IsActive) == 2
            && all.All(pod => pod.Metadata.Uid != pods[1].Metadata.Uid));
        Assert.That(await Samples.EventsAsync(_bench, _ns, "SuccessfulDelete", 3), Has.Length.EqualTo(3));
    }

    [Test]
    public async Task Orphans_are_taken_up_and_strangers_let_go()
    {
        await _bench.CreateAsync(
            Resources.Pods, _ns, "{'metadata':{'name':'orphan','labels':{'app':'web'}},'spec':{'containers':[{'name':'c','image':'i'}]}}");
        var set = await CreateAsync("'replicas':2");
        await AvailableAsync(2);
        var pods = await PodsAsync(all => all.Count == 2);
        Assert.That(pods.Single(pod => pod.Metadata.Name == "orphan").Metadata.IsControlledBy(set.Metadata.Uid), Is.True);

        await _bench.PatchAsync(Resources.Pods, _ns, "orphan", "{'metadata':{'labels':{'app':'other'}}}");
        pods = await PodsAsync(all => all.Count == 3 && all.Single(pod => pod.Metadata.Name == "orphan").Metadata.Controller is null);
        Assert.That(pods.Count(pod => pod.Metadata.IsControlledBy(set.Metadata.Uid)), Is.EqualTo(2));
        await _bench.PatchAsync(Resources.Pods, _ns, "orphan", "{'metadata':{'labels':{'app':'web'}}}");
        await PodsAsync(all => all.Count == 2 && all.All(pod => pod.Metadata.IsControlledBy(set.Metadata.Uid)));
    }

    [Test]
    public async Task Pods_are_available_when_they_have_been_ready_for_long_enough()
    {
        await CreateAsync("'replicas':2,'minReadySeconds':30");
        await WaitAsync(set => set.Status is { ReadyReplicas: 2, AvailableReplicas: 0 });
        _clock.Advance(TimeSpan.FromSeconds(31));
        await AvailableAsync(2);
    }

    [Test]
    public async Task A_quota_stops_a_set_until_it_is_raised()
    {
        await _bench.Client.SendAsync(
            HttpMethod.Post,
            $"/api/v1/namespaces/{_ns}/resourcequotas",
            JsonNode.Parse("""{"metadata":{"name":"q"},"spec":{"hard":{"pods":"2"}}}"""),
            null,
            CancellationToken.None);
        await CreateAsync("'replicas':4");
        var set = await WaitAsync(s => s.Status is { AvailableReplicas: 2, Conditions.Length: 1 });
        var failure = set.Status.Conditions[0];
        Assert.That((failure.Type, failure.Status, failure.Reason), Is.EqualTo(("ReplicaFailure", "True", "FailedCreate")));
        Assert.That(failure.Message, Does.Contain("exceeded quota: q"));
        var told = await Samples.EventsAsync(_bench, _ns, "FailedCreate", 1);
        Assert.That(told[0]["message"]!.GetValue<string>(), Does.StartWith("Error creating: pods \"web-"));
        Assert.That(told[0]["type"]!.GetValue<string>(), Is.EqualTo("Warning"));

        await ScaleAsync(2);
        await WaitAsync(s => s.Status is { AvailableReplicas: 2, Conditions.Length: 0 });
    }

    [Test]
    public async Task Pods_that_are_ending_are_counted_and_replaced_at_once()
    {
        await CreateAsync("'replicas':1", stuck: true);
        var pod = (await PodsAsync(all => all.Count == 1))[0];
        await _bench.PatchAsync(Resources.Pods, _ns, pod.Metadata.Name, "{'metadata':{'finalizers':['example.com/hold']}}");
        await _bench.Client.DeleteAsync(Resources.Pods, _ns, pod.Metadata.Name, null, CancellationToken.None);
        await WaitAsync(set => set.Status is { Replicas: 1, TerminatingReplicas: 1 });
        await _bench.PatchAsync(Resources.Pods, _ns, pod.Metadata.Name, "{'metadata':{'finalizers':null}}");
        await WaitAsync(set => set.Status is { Replicas: 1, TerminatingReplicas: 0 });
    }

    [Test]
    public async Task A_set_that_is_being_deleted_makes_nothing()
    {
        await CreateAsync("'replicas':2", metadata: ",'finalizers':['example.com/hold']");
        await AvailableAsync(2);
        await _bench.Client.DeleteAsync(Resources.ReplicaSets, _ns, "web", null, CancellationToken.None);
        var pod = (await PodsAsync(all => all.Count == 2))[0];
        await _bench.Client.DeleteAsync(Resources.Pods, _ns, pod.Metadata.Name, null, CancellationToken.None);
        await WaitAsync(set => set.Status.Replicas == 1);
        await _bench.PatchAsync(Resources.ReplicaSets, _ns, "web", "{'metadata':{'finalizers':null}}");
        await _bench.WaitAsync(Resources.ReplicaSets, _ns, sets => sets.Count == 0);
        Assert.That(await PodsAsync(all => all.Count == 1), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task A_set_of_the_same_name_does_not_take_the_pods_of_the_one_before()
    {
        await CreateAsync("'replicas':2");
        await AvailableAsync(2);
        var options = new DeleteOptions { Propagation = "Background" };
        await _bench.Client.DeleteAsync(Resources.ReplicaSets, _ns, "web", options, CancellationToken.None);
        var again = await CreateAsync("'replicas':1");
        await AvailableAsync(1);
        var pods = await PodsAsync(all => all.Count == 3);
        Assert.That(pods.Count(pod => pod.Metadata.IsControlledBy(again.Metadata.Uid)), Is.EqualTo(1));
    }

    [Test]
    public async Task A_replication_controller_keeps_its_pods()
    {
        await _bench.CreateAsync(Resources.ReplicationControllers, _ns, "{'metadata':{'name':'rc'},'spec':{'replicas':3,'selector':{'app':'rc'},"
            + "'template':{'metadata':{'labels':{'app':'rc'}},'spec':{'containers':[{'name':'c','image':'i'}]}}}}");
        await _bench.WaitAsync(Resources.ReplicationControllers, _ns, all => all[0].Status is { AvailableReplicas: 3, ObservedGeneration: 1 });
        var pods = await PodsAsync(all => all.Count == 3);
        Assert.That(pods[0].Metadata.Controller, Has.Property("Kind").EqualTo("ReplicationController").And.Property("ApiVersion").EqualTo("v1"));
        await _bench.PatchAsync(Resources.ReplicationControllers, _ns, "rc", "{'spec':{'replicas':1}}");
        await _bench.WaitAsync(Resources.ReplicationControllers, _ns, all => all[0].Status is { Replicas: 1, ObservedGeneration: 2 });
        var told = await Samples.EventsAsync(_bench, _ns, "SuccessfulDelete", 2);
        Assert.That(told[0]["source"]!["component"]!.GetValue<string>(), Is.EqualTo("replication-controller"));
    }

    private Task<ReplicaSet> CreateAsync(string spec, bool stuck = false, string metadata = "")
    {
        var labels = stuck ? "{'app':'web','stuck':'1'}" : "{'app':'web'}";
        return _bench.CreateAsync(
            Resources.ReplicaSets,
            _ns,
            "{'metadata':{'name':'web'" + metadata + "},'spec':{" + spec + ",'selector':{'matchLabels':{'app':'web'}},'template':{'metadata':{'labels':"
            + labels + ",'annotations':{'note':'x'}},'spec':{'containers':[{'name':'c','image':'i'}]}}}}");
    }

    private Task<ReplicaSet> ScaleAsync(int replicas) =>
        _bench.PatchAsync(Resources.ReplicaSets, _ns, "web", "{'spec':{'replicas':" + replicas + "}}");

    private Task<ReplicaSet> AvailableAsync(int replicas) => WaitAsync(set =>
        set.Status.AvailableReplicas == replicas && set.Status.Replicas == replicas && set.Status.ObservedGeneration == set.Metadata.Generation);

    private async Task<ReplicaSet> WaitAsync(Func<ReplicaSet, bool> condition) => (await _bench.WaitAsync(
        Resources.ReplicaSets, _ns, all => all.Count == 1 && condition(all[0]), set => System.Text.Json.JsonSerializer.Serialize(set.Status)))[0];

    private Task<IReadOnlyList<Pod>> PodsAsync(Func<IReadOnlyList<Pod>, bool> condition) =>
        _bench.WaitAsync(Resources.Pods, _ns, condition, pod => $"{pod} {pod.Status.Phase} {pod.Metadata.Controller?.Uid} {pod.Metadata.DeletionTimestamp}");
}

using Etcdish.ClusterBench;
using Etcdish.Controllers.Workloads;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Tests.Workloads;

/// <summary>Deployments on a server, with replica sets and pods that run at once.</summary>
public sealed class DeploymentTests
{
    private ControlBench _bench = null!;
    private string _ns = "";

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _bench = await ControlBench.StartAsync();
        _bench.Add(new DeploymentController(_bench.Context));
        _bench.Add(new ReplicaSetController(_bench.Context));
        _bench.Add(new InstantKubelet(_bench.Context, pod => pod.Metadata.Labels.ContainsKey("stuck")));
        await _bench.RunAsync();
    }

    [OneTimeTearDown]
    public async Task StopAsync() => await _bench.DisposeAsync();

    [SetUp]
    public async Task MakeNamespaceAsync() => _ns = await Samples.NamespaceAsync(_bench);

    [Test]
    public async Task A_deployment_is_rolled_out()
    {
        await CreateAsync("'replicas':3");
        var deployment = await CompleteAsync(3);
        Assert.That(deployment.Metadata.Annotations[Revisions.Revision], Is.EqualTo("1"));
        Assert.That(deployment.Status.Find("Available"), Has.Property("Reason").EqualTo("MinimumReplicasAvailable"));
        var set = (await SetsAsync(sets => sets.Count == 1))[0];
        Assert.That(deployment.Status.Find("Progressing"), Has.Property("Message").EqualTo($"ReplicaSet \"{set.Metadata.Name}\" has successfully progressed."));
        Assert.That(set.Metadata.Name, Is.EqualTo("web-" + set.Metadata.Labels["pod-template-hash"]));
        Assert.That(set.Metadata.Annotations[Revisions.DesiredReplicas], Is.EqualTo("3"));
        Assert.That(set.Metadata.Annotations[Revisions.MaxReplicas], Is.EqualTo("4"));
        Assert.That(set.Metadata.Controller!.Uid, Is.EqualTo(deployment.Metadata.Uid));
        var json = (await _bench.ReadAsync(Resources.Deployments, _ns, "web"))!;
        Assert.That(json["status"]!.AsObject().ContainsKey("unavailableReplicas"), Is.False, "what is zero is left out");
    }

    [Test]
    public async Task A_new_template_replaces_all_pods_and_undo_brings_the_old_set_back()
    {
        await CreateAsync("'replicas':3");
        await CompleteAsync(3);
        await SetImageAsync("i:2");
        await CompleteAsync(3, revision: "2");
        var sets = await SetsAsync(sets => sets.Count == 2);
        Assert.That(sets.Select(set => set.Spec.Replicas), Is.EquivalentTo([0, 3]));

        await SetImageAsync("i:1");
        await CompleteAsync(3, revision: "3");
        sets = await SetsAsync(all => all.Count == 2);
        var first = sets.Single(set => set.Spec.Replicas == 3);
        Assert.That(first.Metadata.Annotations[Revisions.Revision], Is.EqualTo("3"));
        Assert.That(first.Metadata.Annotations[Revisions.History], Is.EqualTo("1"));
    }

    [Test]
    public async Task Old_replica_sets_are_kept_as_many_as_wanted()
    {
        await CreateAsync("'replicas':1,'revisionHistoryLimit':2");
        await CompleteAsync(1);
        for (var image = 2; image <= 6; image++)
        {
            await SetImageAsync($"i:{image}");
            await CompleteAsync(1, revision: $"{image}");
        }

        var sets = await SetsAsync(sets => sets.Count == 3);
        Assert.That(sets.Select(Revisions.Of), Is.EquivalentTo([4, 5, 6]));
    }

    [Test]
    public async Task Recreate_waits_for_the_old_pods_to_be_gone()
    {
        await CreateAsync("'replicas':2,'strategy':{'type':'Recreate'}");
        await CompleteAsync(2);
        var seen = 0;
        await SetImageAsync("i:2");
        await _bench.WaitAsync(Resources.Pods, _ns, pods =>
        {
            var images = pods.Select(pod => pod.Spec.Containers[0].Image).Distinct().Count();
            seen = Math.Max(seen, images);
            return pods.Count == 2 && pods.All(pod => pod.Spec.Containers[0].Image == "i:2" && pod.IsReady);
        });
        Assert.That(seen, Is.EqualTo(1), "never pods of both");
        await CompleteAsync(2, revision: "2");
    }

    [Test]
    public async Task A_paused_deployment_scales_but_does_not_roll_out()
    {
        await CreateAsync("'replicas':2");
        await CompleteAsync(2);
        await PatchAsync("{'spec':{'paused':true}}");
        await WaitAsync(d => d.Status.Find("Progressing") is { Reason: "DeploymentPaused", Status: "Unknown", Message: "Deployment is paused" });
        await SetImageAsync("i:2");
        await PatchAsync("{'spec':{'replicas':4}}");
        await WaitAsync(d => d.Status is { AvailableReplicas: 4, UpdatedReplicas: 0 });
        Assert.That(await SetsAsync(sets => sets.Count == 1), Has.Count.EqualTo(1));
        await PatchAsync("{'spec':{'paused':false}}");
        await CompleteAsync(4, revision: "2");
    }

    [Test]
    public async Task A_stuck_roll_out_keeps_what_is_available_and_is_told()
    {
        await CreateAsync("'replicas':4,'progressDeadlineSeconds':1");
        await CompleteAsync(4);
        await PatchAsync("{'spec':{'template':{'metadata':{'labels':{'stuck':'1'}}}}}");
        var deployment = await WaitAsync(d => d.Status.Find("Progressing")?.Reason == "ProgressDeadlineExceeded");
        Assert.That(deployment.Status.Find("Progressing"), Has.Property("Status").EqualTo("False"));
        Assert.That(deployment.Status.AvailableReplicas, Is.EqualTo(3));
        Assert.That(deployment.Status.UpdatedReplicas, Is.EqualTo(2));
        Assert.That(deployment.Status.Replicas, Is.EqualTo(5));
        Assert.That(deployment.Status.Find("Available"), Has.Property("Status").EqualTo("True"));

        await PatchAsync("{'spec':{'template':{'metadata':{'labels':{'stuck':null}}}}}");
        await CompleteAsync(4, revision: "3");
    }

    [Test]
    public async Task A_roll_out_that_stands_is_scaled_in_proportion()
    {
        await CreateAsync("'replicas':10,'strategy':{'rollingUpdate':{'maxSurge':3,'maxUnavailable':2}}");
        await CompleteAsync(10);
        await PatchAsync("{'spec':{'template':{'metadata':{'labels':{'stuck':'1'}}}}}");
        await SetsAsync(sets => sets.Select(set => set.Spec.Replicas).Order().SequenceEqual([5, 8]));
        await PatchAsync("{'spec':{'replicas':15}}");
        await SetsAsync(sets => sets.Select(set => set.Spec.Replicas).Order().SequenceEqual([7, 11]));
    }

    [Test]
    public async Task A_name_that_is_taken_is_avoided()
    {
        await CreateAsync("'replicas':1,'paused':true");
        var deployment = await WaitAsync(d => d.Status.ObservedGeneration == 1);
        var name = NewReplicaSet.Name("web", Ownership.TemplateHash.Of(deployment.Spec.Template.Json, null));
        await _bench.CreateAsync(Resources.ReplicaSets, _ns, $"{{'metadata':{{'name':'{name}'}},'spec':{{'replicas':0,'selector':{{'matchLabels':{{'app':'other'}}}},"
            + "'template':{'metadata':{'labels':{'app':'other'}},'spec':{'containers':[{'name':'c','image':'i:1'}]}}}}");
        await PatchAsync("{'spec':{'paused':false}}");
        deployment = await CompleteAsync(1);
        Assert.That(deployment.Status.CollisionCount, Is.EqualTo(1));
    }

    [Test]
    public async Task A_replica_set_of_the_template_that_nobody_owns_is_taken_up()
    {
        await _bench.CreateAsync(Resources.ReplicaSets, _ns, "{'metadata':{'name':'orphan','labels':{'app':'web'}},'spec':{'replicas':1,'selector':{'matchLabels':{'app':'web','pod-template-hash':'x'}},"
            + "'template':{'metadata':{'labels':{'app':'web','pod-template-hash':'x'}},'spec':{'containers':[{'name':'c','image':'i:1'}]}}}}");

        // What reports on it has seen it, and so have all who share its informer.
        await SetsAsync(sets => sets is [{ Status.Replicas: 1 }]);
        await CreateAsync("'replicas':2");
        var deployment = await CompleteAsync(2);
        var set = (await SetsAsync(sets => sets.Count == 1))[0];
        Assert.That(set.Metadata.Name, Is.EqualTo("orphan"));
        Assert.That(set.Metadata.Controller!.Uid, Is.EqualTo(deployment.Metadata.Uid));
        Assert.That(set.Metadata.Annotations[Revisions.Revision], Is.EqualTo("1"));
    }

    [Test]
    public async Task Scaling_is_told()
    {
        await CreateAsync("'replicas':2");
        await CompleteAsync(2);
        var set = (await SetsAsync(sets => sets.Count == 1))[0].Metadata.Name;
        await PatchAsync("{'spec':{'replicas':5}}");
        await CompleteAsync(5);
        var told = await Samples.EventsAsync(_bench, _ns, "ScalingReplicaSet", 2);
        Assert.That(told.Select(e => e["message"]!.GetValue<string>()), Is.EqualTo(
            [$"Scaled up replica set {set} from 0 to 2", $"Scaled up replica set {set} from 2 to 5"]));
        Assert.That(told[0]["source"]!["component"]!.GetValue<string>(), Is.EqualTo("deployment-controller"));
    }

    private Task<Deployment> CreateAsync(string spec) => _bench.CreateAsync(
        Resources.Deployments,
        _ns,
        "{'metadata':{'name':'web'},'spec':{" + spec + ",'selector':{'matchLabels':{'app':'web'}},"
        + "'template':{'metadata':{'labels':{'app':'web'}},'spec':{'containers':[{'name':'c','image':'i:1'}]}}}}");

    private Task<Deployment> PatchAsync(string patch) => _bench.PatchAsync(Resources.Deployments, _ns, "web", patch);

    private Task<Deployment> SetImageAsync(string image) =>
        PatchAsync("{'spec':{'template':{'spec':{'containers':[{'name':'c','image':'" + image + "'}]}}}}");

    private Task<Deployment> CompleteAsync(int replicas, string? revision = null) => WaitAsync(d =>
        RolloutStatus.Of(d.Status).IsComplete(d)
        && d.Spec.Replicas == replicas
        && d.Status.Find("Progressing")?.Reason == "NewReplicaSetAvailable"
        && (revision is null || d.Metadata.Annotations.GetValueOrDefault(Revisions.Revision) == revision));

    private async Task<Deployment> WaitAsync(Func<Deployment, bool> condition) =>
        (await _bench.WaitAsync(Resources.Deployments, _ns, all => all.Count == 1 && condition(all[0]), Samples.Describe))[0];

    private Task<IReadOnlyList<ReplicaSet>> SetsAsync(Func<IReadOnlyList<ReplicaSet>, bool> condition) =>
        _bench.WaitAsync(Resources.ReplicaSets, _ns, condition, set => $"{set} {set.Spec.Replicas} {set.Status.AvailableReplicas}");
}

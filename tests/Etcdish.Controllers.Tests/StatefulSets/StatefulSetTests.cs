using System.Text.Json;
using Etcdish.Controllers.StatefulSets;
using Etcdish.Controllers.Tests.History;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Tests.StatefulSets;

/// <summary>Stateful sets on a server, with nodes that run everything at once but what a test holds back.</summary>
public sealed class StatefulSetTests
{
    private const string Claims =
        "'volumeClaimTemplates':[{'metadata':{'name':'data'},"
        + "'spec':{'accessModes':['ReadWriteOnce'],'resources':{'requests':{'storage':'1Gi'}}}}]";

    private SetBench _bench = null!;
    private string _ns = "";

    [OneTimeSetUp]
    public async Task StartAsync() => _bench = await SetBench.StartAsync(context => new StatefulSetController(context));

    [OneTimeTearDown]
    public async Task StopAsync() => await _bench.DisposeAsync();

    [SetUp]
    public async Task MakeNamespaceAsync() => _ns = await _bench.MakeNamespaceAsync();

    [Test]
    public async Task Pods_come_in_order_with_names_claims_and_revision()
    {
        await CreateAsync("'replicas':3," + Claims);
        var set = await WaitAsync(status => status is { ReadyReplicas: 3, UpdatedReplicas: 3, CurrentReplicas: 3 });
        Assert.That(set.Status.CurrentRevision, Is.EqualTo(set.Status.UpdateRevision).And.StartsWith("web-"));
        Assert.That((set.Status.ObservedGeneration, set.Status.CollisionCount, set.Status.AvailableReplicas), Is.EqualTo((1, 0, 3)));

        var pod = (await _bench.Bench.ReadAsync(Resources.Pods, _ns, "web-1"))!;
        Assert.That((string?)pod["spec"]!["hostname"], Is.EqualTo("web-1"));
        Assert.That((string?)pod["spec"]!["subdomain"], Is.EqualTo("svc"));
        Assert.That((string?)pod["spec"]!["volumes"]![0]!["persistentVolumeClaim"]!["claimName"], Is.EqualTo("data-web-1"));
        Assert.That((string?)pod["metadata"]!["labels"]!["controller-revision-hash"], Is.EqualTo(set.Status.CurrentRevision));
        var claims = await WaitForClaimsAsync(all => all.Count == 3);
        Assert.That(claims.Select(claim => claim.Metadata.Name).Order(), Is.EqualTo(["data-web-0", "data-web-1", "data-web-2"]));
        Assert.That(claims.Select(claim => claim.Metadata.Labels.GetValueOrDefault("app")), Is.All.EqualTo("web"));

        var revision = (await _bench.Bench.ReadAsync(Resources.ControllerRevisions, _ns, set.Status.CurrentRevision))!;
        Assert.That((int?)revision["revision"], Is.EqualTo(1));
        Assert.That((string?)revision["data"]!["spec"]!["template"]!["$patch"], Is.EqualTo("replace"));
        var hash = set.Status.CurrentRevision["web-".Length..];
        Assert.That((string?)revision["metadata"]!["labels"]!["controller.kubernetes.io/hash"], Is.EqualTo(hash));
        await _bench.WaitForEventAsync(_ns, "SuccessfulCreate", "create Claim data-web-0 Pod web-0 in StatefulSet web success");
        await _bench.WaitForEventAsync(_ns, "SuccessfulCreate", "create Pod web-2 in StatefulSet web successful");
    }

    [Test]
    public async Task The_next_waits_for_the_one_before()
    {
        _bench.Hold(_ns, "web-1");
        await CreateAsync("'replicas':3");
        await WaitAsync(status => status is { ReadyReplicas: 1, Replicas: 2 });
        await _bench.LetRunAsync(_ns, "web-1");
        await WaitAsync(status => status.ReadyReplicas == 3);
        Assert.That(_bench.HistoryOf(_ns), Is.EqualTo("+web-0 !web-0 +web-1 !web-1 +web-2 !web-2"));
    }

    [Test]
    public async Task In_parallel_none_waits()
    {
        _bench.Hold(_ns, "web-0");
        await CreateAsync("'replicas':3,'podManagementPolicy':'Parallel'");
        await WaitAsync(status => status is { ReadyReplicas: 2, Replicas: 3 });
        await _bench.LetRunAsync(_ns, "web-0");
        await WaitAsync(status => status.ReadyReplicas == 3);
    }

    [Test]
    public async Task A_new_template_is_rolled_out_from_the_last_and_back_again()
    {
        await CreateAsync("'replicas':3");
        var first = (await WaitAsync(status => status.ReadyReplicas == 3)).Status.CurrentRevision;
        await SetImageAsync("new");
        var second = (await WaitAsync(status => status.CurrentRevision != first && status.ReadyReplicas == 3)).Status;
        Assert.That((second.UpdateRevision, second.CurrentReplicas, second.UpdatedReplicas), Is.EqualTo((second.CurrentRevision, 3, 3)));
        Assert.That(await ImagesAsync(), Is.All.EqualTo("new"));
        Assert.That(_bench.HistoryOf(_ns), Does.EndWith("-web-2 +web-2 !web-2 -web-1 +web-1 !web-1 -web-0 +web-0 !web-0"));

        // As kubectl rollout undo does.
        var former = (await _bench.Bench.ReadAsync(Resources.ControllerRevisions, _ns, first))!["data"]!.AsObject();
        await _bench.Client.PatchAsync(Resources.StatefulSets, _ns, "web", former, PatchKind.Strategic, "", CancellationToken.None);
        await WaitAsync(status => status.CurrentRevision == first && status.ReadyReplicas == 3);
        Assert.That((int?)(await _bench.Bench.ReadAsync(Resources.ControllerRevisions, _ns, first))!["revision"], Is.EqualTo(3));
        await _bench.Bench.WaitAsync(Resources.ControllerRevisions, _ns, all => all.Count == 2);
    }

    [Test]
    public async Task A_partition_holds_the_first_back_and_a_deleted_one_keeps_its_template()
    {
        await CreateAsync("'replicas':3,'updateStrategy':{'type':'RollingUpdate','rollingUpdate':{'partition':2}}");
        await WaitAsync(status => status.ReadyReplicas == 3);
        await SetImageAsync("new");
        await WaitAsync(status => status is { ReadyReplicas: 3, UpdatedReplicas: 1, CurrentReplicas: 2 });
        Assert.That(await ImagesAsync(), Is.EqualTo(["i", "i", "new"]));
        var before = (await _bench.PodsAsync(_ns))[0].Metadata.Uid;
        await _bench.Client.DeleteAsync(Resources.Pods, _ns, "web-0", null, CancellationToken.None);
        await _bench.Bench.WaitAsync(
            Resources.Pods, _ns, pods => pods.Count == 3 && pods.All(pod => pod.Metadata.Uid != before && pod.IsReady));
        Assert.That(await ImagesAsync(), Is.EqualTo(["i", "i", "new"]));
    }

    [Test]
    public async Task A_failed_pod_is_replaced_under_its_name()
    {
        await CreateAsync("'replicas':2");
        await WaitAsync(status => status.ReadyReplicas == 2);
        var before = (await _bench.PodsAsync(_ns))[0].Metadata.Uid;
        await _bench.Bench.PatchAsync(Resources.Pods, _ns, "web-0", "{'status':{'phase':'Failed'}}", "status");
        await _bench.Bench.WaitAsync(
            Resources.Pods, _ns, pods => pods.Count == 2 && pods.All(pod => pod.IsReady && pod.IsActive && pod.Metadata.Uid != before));
        await _bench.WaitForEventAsync(_ns, "SuccessfulDelete", "delete Pod web-0 in StatefulSet web successful");
    }

    [Test]
    public async Task A_pod_waits_for_the_claim_of_its_former_self_to_go()
    {
        await CreateAsync(
            "'replicas':2,'persistentVolumeClaimRetentionPolicy':{'whenScaled':'Delete','whenDeleted':'Delete'}," + Claims);
        await WaitAsync(status => status.ReadyReplicas == 2);
        var former = (await _bench.PodsAsync(_ns))[1].Metadata.Uid;
        await PatchAsync("{'spec':{'replicas':1}}");
        var claims = await WaitForClaimsAsync(
            all => all.Any(claim => claim.Metadata is { Name: "data-web-1", OwnerReferences: [{ Kind: "Pod" }] }));
        var going = claims.Single(claim => claim.Metadata.Name == "data-web-1");
        var staying = claims.Single(claim => claim.Metadata.Name == "data-web-0");
        Assert.That(going.Metadata.OwnerReferences.Single().Uid, Is.EqualTo(former));
        Assert.That(staying.Metadata.OwnerReferences.Single().Kind, Is.EqualTo("StatefulSet"));
        await WaitAsync(status => status.Replicas == 1);
        await PatchAsync("{'spec':{'replicas':2}}");
        await WaitAsync(status => status.Replicas == 1);

        // What the garbage collector and the protection of claims do.
        await _bench.Bench.PatchAsync(Resources.PersistentVolumeClaims, _ns, "data-web-1", "{'metadata':{'finalizers':null}}");
        await _bench.Client.DeleteAsync(Resources.PersistentVolumeClaims, _ns, "data-web-1", null, CancellationToken.None);
        await WaitAsync(status => status.ReadyReplicas == 2);
        claims = await WaitForClaimsAsync(all => all.Count == 2);
        Assert.That(claims.Single(claim => claim.Metadata.Name == "data-web-1").Metadata.Uid, Is.Not.EqualTo(going.Metadata.Uid));
    }

    [Test]
    public async Task Orphans_of_its_name_are_taken_up_and_others_are_not()
    {
        const string Index = "apps.kubernetes.io/pod-index";
        const string Spec = "'spec':{'containers':[{'name':'c','image':'i'}]}}";
        await _bench.Bench.CreateAsync(Resources.Pods, _ns, "{'metadata':{'name':'web-0','labels':{'app':'web'}}," + Spec);
        await _bench.Bench.CreateAsync(Resources.Pods, _ns, "{'metadata':{'name':'other','labels':{'app':'web'}}," + Spec);
        await CreateAsync("'replicas':1,'updateStrategy':{'type':'OnDelete'}");
        var pods = await _bench.Bench.WaitAsync(Resources.Pods, _ns, all => all.Any(pod => pod.Metadata.Labels.ContainsKey(Index)));
        var own = pods.Single(pod => pod.Metadata.Controller is not null);
        Assert.That(own.Metadata.Labels["statefulset.kubernetes.io/pod-name"], Is.EqualTo("web-0"));
        Assert.That(pods.Select(pod => pod.Metadata.Name).Order(), Is.EqualTo(["other", "web-0"]));
    }

    [Test]
    public async Task Old_revisions_go()
    {
        await CreateAsync("'replicas':1,'revisionHistoryLimit':1");
        foreach (var image in (string[])["a", "b", "c", "d"])
        {
            await SetImageAsync(image);
            await _bench.Bench.WaitAsync(
                Resources.Pods, _ns, pods => pods is [{ IsReady: true } pod] && pod.Spec.Containers[0].Image == image);
        }

        var revisions = await _bench.Bench.WaitAsync(Resources.ControllerRevisions, _ns, all => all.Count == 2);
        Assert.That(revisions.Max(revision => revision.Revision) - revisions.Min(revision => revision.Revision), Is.EqualTo(1));
    }

    private async Task CreateAsync(string fields) => await _bench.Bench.CreateAsync(
        Resources.StatefulSets,
        _ns,
        "{'metadata':{'name':'web'},'spec':{'serviceName':'svc','selector':{'matchLabels':{'app':'web'}},"
            + "'template':{'metadata':{'labels':{'app':'web'}},'spec':{'containers':[{'name':'c','image':'i'}]}}," + fields + "}}");

    private Task<StatefulSet> PatchAsync(string patch) => _bench.Bench.PatchAsync(Resources.StatefulSets, _ns, "web", patch);

    private Task<StatefulSet> SetImageAsync(string image) =>
        PatchAsync("{'spec':{'template':{'spec':{'containers':[{'name':'c','image':'" + image + "'}]}}}}");

    /// <summary>Waits until so much is said of the set as it is now.</summary>
    private async Task<StatefulSet> WaitAsync(Func<StatefulSetStatus, bool> condition) => (await _bench.Bench.WaitAsync(
        Resources.StatefulSets,
        _ns,
        sets => sets is [var set] && set.Status.ObservedGeneration == set.Metadata.Generation && condition(set.Status),
        set => JsonSerializer.Serialize(set.Status)))[0];

    private async Task<IReadOnlyList<PersistentVolumeClaim>> WaitForClaimsAsync(
        Func<IReadOnlyList<PersistentVolumeClaim>, bool> condition) =>
        [.. (await _bench.Bench.WaitAsync(Resources.PersistentVolumeClaims, _ns, condition)).OrderBy(claim => claim.Metadata.Name)];

    private async Task<IEnumerable<string>> ImagesAsync() => (await _bench.PodsAsync(_ns)).Select(pod => pod.Spec.Containers[0].Image);
}

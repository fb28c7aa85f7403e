using System.Text.Json.Nodes;
using Etcdish.ClusterBench;
using Etcdish.Controllers.Volumes;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Objects;
using Etcdish.Testing;

namespace Etcdish.Controllers.Tests.Volumes;

/// <summary>Claims get volumes, keep them, and give them back.</summary>
public sealed class VolumeControllersTests
{
    private ControlBench _bench = null!;
    private TemporaryFolder _folder = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _folder = new TemporaryFolder();
        _bench = await ControlBench.StartAsync();
        var users = new ClaimUsers(_bench.Context);
        _bench.Add(new VolumeBinder(_bench.Context, users));
        _bench.Add(new ClaimProtectionController(_bench.Context, users));
        _bench.Add(new VolumeProtectionController(_bench.Context));
        _bench.Add(new EphemeralVolumeController(_bench.Context, users));
        _bench.Add(new LocalPathProvisioner(_bench.Context, new LocalPath { Root = _folder.File("volumes") }));
        _bench.Add(new LocalPathResizer(_bench.Context));
        await LocalPath.EnsureClassAsync(_bench.Client, CancellationToken.None);
        await LocalPath.EnsureClassAsync(_bench.Client, CancellationToken.None);
        await _bench.CreateAsync(Resources.Nodes, "", "{'metadata':{'name':'n1','labels':{'kubernetes.io/hostname':'host1'}}}");
        await _bench.RunAsync();
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        await _bench.DisposeAsync();
        _folder.Dispose();
        Assert.That(_bench.Warnings, Has.None.Contains("a defect"));
    }

    [Test]
    public async Task A_claim_gets_the_volume_that_suits_it_and_gives_it_back()
    {
        await MakeNamespaceAsync("static");
        await MakeVolumeAsync("static-large", "10Gi", "static");
        await MakeVolumeAsync("static-right", "2Gi", "static");
        await MakeVolumeAsync("static-other", "1Gi", "another");
        await WaitForVolumeAsync("static-right", volume => volume.Status.Phase == "Available");
        var claim = await MakeClaimAsync("static", "data", "2Gi", "'storageClassName':'static'");
        var bound = await WaitForClaimAsync("static", "data", c => c.Status.Phase == "Bound" && c.Metadata.Finalizers.Length > 0);
        var volume = await WaitForVolumeAsync("static-right", v => v.Status.Phase == "Bound" && v.Metadata.Finalizers.Length > 0);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(bound.Spec.VolumeName, Is.EqualTo("static-right"));
            Assert.That(bound.Status.Capacity["storage"].ToString(), Is.EqualTo("2Gi"));
            Assert.That(bound.Status.AccessModes, Is.EqualTo(["ReadWriteOnce"]));
            Assert.That(bound.Metadata.Annotations[VolumeMarks.BindCompleted], Is.EqualTo("yes"));
            Assert.That(bound.Metadata.Annotations[VolumeMarks.BoundByController], Is.EqualTo("yes"));
            Assert.That(bound.Metadata.Finalizers, Is.EqualTo([VolumeMarks.ClaimProtection]));
            Assert.That(volume.Spec.ClaimRef!.Uid, Is.EqualTo(claim.Metadata.Uid));
            Assert.That(volume.Metadata.Annotations[VolumeMarks.BoundByController], Is.EqualTo("yes"));
            Assert.That(volume.Metadata.Finalizers, Is.EqualTo([VolumeMarks.VolumeProtection]));
            Assert.That(volume.Status.LastPhaseTransitionTime, Is.Not.Null);
        }

        await DeleteAsync(Resources.PersistentVolumeClaims, "static", "data");
        await WaitForVolumeAsync("static-right", v => v.Status.Phase == "Released");

        // Somebody has looked, and gives it to whoever needs it.
        await _bench.PatchAsync(Resources.PersistentVolumes, "", "static-right", "{'spec':{'claimRef':null}}");
        await WaitForVolumeAsync("static-right", v => v.Status.Phase == "Available");
    }

    [Test]
    public async Task A_claim_waits_for_a_volume()
    {
        await MakeNamespaceAsync("waiting");
        await MakeClaimAsync("waiting", "data", "1Gi", "'storageClassName':'waiting'");
        await WaitForClaimAsync("waiting", "data", c => c.Status.Phase == "Pending");
        await MakeVolumeAsync("waiting-a", "1Gi", "waiting");
        await WaitForClaimAsync("waiting", "data", c => c.Status.Phase == "Bound");
    }

    [Test]
    public async Task Authors_may_say_what_belongs_together()
    {
        await MakeNamespaceAsync("named");
        await MakeVolumeAsync("named-a", "1Gi", "named");
        await MakeVolumeAsync("named-b", "9Gi", "named");
        await MakeVolumeAsync("named-kept", "1Gi", "named", "'claimRef':{'namespace':'named','name':'kept'}");
        await MakeClaimAsync("named", "asks", "1Gi", "'storageClassName':'named','volumeName':'named-b'");
        await MakeClaimAsync("named", "kept", "1Gi", "'storageClassName':'named'");
        Assert.That((await WaitForClaimAsync("named", "asks", c => c.Status.Phase == "Bound")).Spec.VolumeName, Is.EqualTo("named-b"));
        Assert.That((await WaitForClaimAsync("named", "kept", c => c.Status.Phase == "Bound")).Spec.VolumeName, Is.EqualTo("named-kept"));
        var kept = await WaitForVolumeAsync("named-kept", v => v.Status.Phase == "Bound");
        Assert.That(kept.Metadata.Annotations, Does.Not.ContainKey(VolumeMarks.BoundByController));
    }

    [Test]
    public async Task A_claim_whose_volume_is_gone_is_lost()
    {
        await MakeNamespaceAsync("lost");
        await MakeVolumeAsync("lost-a", "1Gi", "lost");
        await MakeClaimAsync("lost", "data", "1Gi", "'storageClassName':'lost'");
        await WaitForVolumeAsync("lost-a", v => v.Status.Phase == "Bound" && v.Metadata.Finalizers.Length == 1);
        await WaitForClaimAsync("lost", "data", c => c.Status.Phase == "Bound");
        await DeleteAsync(Resources.PersistentVolumes, "", "lost-a");
        Assert.That(await _bench.ReadAsync(Resources.PersistentVolumes, "", "lost-a"), Is.Not.Null, "a bound volume is protected");
        await _bench.PatchAsync(Resources.PersistentVolumes, "", "lost-a", "{'metadata':{'finalizers':null}}");
        var claim = await WaitForClaimAsync("lost", "data", c => c.Status.Phase == "Lost");
        Assert.That(claim.Status.Capacity, Is.Empty);
    }

    [Test]
    public async Task Folders_are_made_grow_and_go()
    {
        await MakeNamespaceAsync("local");
        await MakeClaimAsync("local", "data", "1Gi");
        var claim = await WaitForClaimAsync("local", "data", c => c.Status.Phase == "Pending");
        Assert.That(claim.Spec.StorageClassName, Is.EqualTo(LocalPath.ClassName));
        await _bench.PatchAsync(
            Resources.PersistentVolumeClaims, "local", "data", "{'metadata':{'annotations':{'volume.kubernetes.io/selected-node':'n1'}}}");
        claim = await WaitForClaimAsync("local", "data", c => c.Status.Phase == "Bound");
        var volume = await WaitForVolumeAsync($"pvc-{claim.Metadata.Uid}", v => v.Status.Phase == "Bound");
        var path = volume.Spec.HostPath!.Path;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(claim.Spec.VolumeName, Is.EqualTo(volume.Metadata.Name));
            Assert.That(volume.Metadata.Annotations[VolumeMarks.ProvisionedBy], Is.EqualTo(LocalPath.ProvisionerName));
            Assert.That(volume.Spec.PersistentVolumeReclaimPolicy, Is.EqualTo("Delete"));
            Assert.That(volume.Spec.NodeAffinity!.Required!.ToJsonString(), Is.EqualTo(
                """{"nodeSelectorTerms":[{"matchExpressions":[{"key":"kubernetes.io/hostname","operator":"In","values":["host1"]}]}]}"""));
            Assert.That(path, Is.EqualTo(_folder.File($"volumes/{volume.Metadata.Name}_local_data")));
        }

        await _bench.PatchAsync(Resources.PersistentVolumeClaims, "local", "data", "{'spec':{'resources':{'requests':{'storage':'3Gi'}}}}");
        await WaitForClaimAsync("local", "data", c => c.Status.Capacity["storage"] == Quantity.Parse("3Gi"));
        await WaitForVolumeAsync(volume.Metadata.Name, v => v.Spec.Capacity["storage"] == Quantity.Parse("3Gi"));

        Directory.CreateDirectory(path);
        await File.WriteAllTextAsync(Path.Combine(path, "content"), "x");
        await DeleteAsync(Resources.PersistentVolumeClaims, "local", "data");
        await _bench.WaitAsync(Resources.PersistentVolumes, "", all => all.All(v => v.Metadata.Name != volume.Metadata.Name));
        Assert.That(Directory.Exists(path), Is.False);
    }

    [Test]
    public async Task No_folder_outside_the_root_is_deleted()
    {
        var elsewhere = _folder.File("elsewhere");
        Directory.CreateDirectory(elsewhere);
        await MakeNamespaceAsync("evil");
        await _bench.CreateAsync(
            Resources.PersistentVolumes,
            "",
            "{'metadata':{'name':'evil','annotations':{'pv.kubernetes.io/provisioned-by':'etcdish.io/local-path'}},"
            + "'spec':{'capacity':{'storage':'1Gi'},'accessModes':['ReadWriteOnce'],'persistentVolumeReclaimPolicy':'Delete','storageClassName':'evil',"
            + $"'claimRef':{{'namespace':'evil','name':'gone','uid':'u'}},'hostPath':{{'path':'{elsewhere}'}}}}}}");
        await WaitForVolumeAsync("evil", v => v.Status.Phase == "Failed");
        Assert.That(Directory.Exists(elsewhere));
        await _bench.PatchAsync(Resources.PersistentVolumes, "", "evil", "{'spec':{'persistentVolumeReclaimPolicy':'Retain'}}");
    }

    [Test]
    public async Task A_claim_on_a_node_that_is_gone_is_asked_for_again()
    {
        await MakeNamespaceAsync("again");
        await MakeClaimAsync("again", "data", "1Gi");
        await _bench.PatchAsync(
            Resources.PersistentVolumeClaims, "again", "data", "{'metadata':{'annotations':{'volume.kubernetes.io/selected-node':'nowhere'}}}");
        await WaitForClaimAsync("again", "data", c =>
            c.Metadata.Annotations.ContainsKey(VolumeMarks.Provisioner) && !c.Metadata.Annotations.ContainsKey(VolumeMarks.SelectedNode));
    }

    [Test]
    public async Task A_claim_that_pods_use_stays_until_they_are_gone()
    {
        await MakeNamespaceAsync("used");
        await MakeClaimAsync("used", "data", "1Gi", "'storageClassName':'used'");
        await WaitForClaimAsync("used", "data", c => c.Metadata.Finalizers.Length == 1);
        await MakePodAsync("used", "a", "'persistentVolumeClaim':{'claimName':'data'}", "n1");
        await MakePodAsync("used", "b", "'persistentVolumeClaim':{'claimName':'data'}");
        await DeleteAsync(Resources.PersistentVolumeClaims, "used", "data");
        await WaitForClaimAsync("used", "data", c => c.Metadata.IsBeingDeleted);
        await DeleteAsync(Resources.Pods, "used", "a");
        await _bench.WaitAsync(Resources.PersistentVolumeClaims, "used", all => all.Count == 0);
    }

    [Test]
    public async Task A_volume_of_a_pod_of_its_own_has_a_claim_of_its_own()
    {
        await MakeNamespaceAsync("own");
        await MakeClaimAsync("own", "b-scratch", "1Gi", "'storageClassName':'own'");
        const string Template = "'ephemeral':{'volumeClaimTemplate':{'metadata':{'labels':{'x':'y'}},"
            + "'spec':{'accessModes':['ReadWriteOnce'],'storageClassName':'own','resources':{'requests':{'storage':'1Gi'}}}}}";
        var pod = await MakePodAsync("own", "a", Template);
        await MakePodAsync("own", "b", Template);
        var claim = await WaitForClaimAsync("own", "a-scratch", c => c.Status.Phase == "Pending");
        Assert.That(claim.Metadata.IsControlledBy(pod.Metadata.Uid));
        Assert.That(claim.Metadata.Labels, Is.EqualTo(new Dictionary<string, string> { ["x"] = "y" }));
        Assert.That((await WaitForClaimAsync("own", "b-scratch", _ => true)).Metadata.OwnerReferences, Is.Empty);
    }

    private async Task MakeNamespaceAsync(string name) => await _bench.Client.SendAsync(
        HttpMethod.Post, "/api/v1/namespaces", new JsonObject { ["metadata"] = new JsonObject { ["name"] = name } }, null, CancellationToken.None);

    private async Task MakeVolumeAsync(string name, string size, string storage, string more = "'mountOptions':[]") => await _bench.CreateAsync(
        Resources.PersistentVolumes,
        "",
        $"{{'metadata':{{'name':'{name}'}},'spec':{{'capacity':{{'storage':'{size}'}},'accessModes':['ReadWriteOnce'],"
        + $"'storageClassName':'{storage}','hostPath':{{'path':'/tmp/{name}'}},{more}}}}}");

    private Task<PersistentVolumeClaim> MakeClaimAsync(string ns, string name, string size, string more = "'volumeMode':'Filesystem'") =>
        _bench.CreateAsync(
            Resources.PersistentVolumeClaims,
            ns,
            $"{{'metadata':{{'name':'{name}'}},'spec':{{'accessModes':['ReadWriteOnce'],"
            + $"'resources':{{'requests':{{'storage':'{size}'}}}},{more}}}}}");

    private Task<Pod> MakePodAsync(string ns, string name, string volume, string node = "") => _bench.CreateAsync(
        Resources.Pods,
        ns,
        $"{{'metadata':{{'name':'{name}'}},'spec':{{'nodeName':'{node}','containers':[{{'name':'c','image':'i'}}],"
        + $"'volumes':[{{'name':'scratch',{volume}}}]}}}}");

    private async Task DeleteAsync(ApiResource resource, string ns, string name) =>
        await _bench.Client.DeleteAsync(resource, ns, name, new DeleteOptions { GracePeriodSeconds = 0 }, CancellationToken.None);

    private async Task<PersistentVolumeClaim> WaitForClaimAsync(string ns, string name, Predicate<PersistentVolumeClaim> condition)
    {
        var all = await _bench.WaitAsync(
            Resources.PersistentVolumeClaims,
            ns,
            claims => claims.Any(c => c.Metadata.Name == name && condition(c)),
            c => $"{c} {c.Status.Phase} {c.Spec.VolumeName}");
        return all.Single(c => c.Metadata.Name == name);
    }

    private async Task<PersistentVolume> WaitForVolumeAsync(string name, Predicate<PersistentVolume> condition)
    {
        var all = await _bench.WaitAsync(
            Resources.PersistentVolumes,
            "",
            volumes => volumes.Any(v => v.Metadata.Name == name && condition(v)),
            v => $"{v} {v.Status.Phase} {VolumeMarks.ClaimOf(v)}");
        return all.Single(v => v.Metadata.Name == name);
    }
}

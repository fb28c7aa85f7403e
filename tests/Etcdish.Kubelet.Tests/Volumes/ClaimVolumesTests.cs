using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Volumes;
using Etcdish.Kubernetes.Objects;
using Etcdish.Testing;

namespace Etcdish.Kubelet.Tests.Volumes;

/// <summary>Volumes that pods have by claims.</summary>
public sealed class ClaimVolumesTests
{
    private const string Unbound =
        "Unable to attach or mount volumes: unmounted volumes=[v], unattached volumes=[], failed to process volumes=[v]: "
        + "error processing PVC default/";

    private static int _count;
    private VolumeBench _bench = null!;
    private string _claim = "";

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        Root.Require();
        _bench = await VolumeBench.StartAsync();
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (_bench is not null)
        {
            await _bench.DisposeAsync();
        }
    }

    [SetUp]
    public void Name() => _claim = $"claim-{Interlocked.Increment(ref _count)}";

    [TearDown]
    public async Task RemoveAllAsync()
    {
        foreach (var uid in _bench?.Volumes.ListPods() ?? [])
        {
            await _bench!.RemoveAsync(uid);
        }
    }

    [Test]
    public async Task A_claim_that_is_not_there_or_not_bound_is_waited_for()
    {
        AssertRefused(Unbound + $"{_claim}: failed to fetch PVC from API server: persistentvolumeclaims \"{_claim}\" not found");
        await CreateClaimAsync();
        AssertRefused(Unbound + $"{_claim}: PVC is not bound");
        await BindAsync("Bound");
        AssertRefused(Unbound + $"{_claim}: failed to fetch PV pv-{_claim} from API server: persistentvolumes \"pv-{_claim}\" not found");
        await CreateVolumeAsync(LocalOf(_bench.File("none")), "stranger");
        Assert.That(
            () => _bench.EnsureAsync(Pod()),
            Throws.TypeOf<VolumeException>().With.Message.Contains("its pv.Spec.ClaimRef.UID stranger does not point to claim.UID "));
    }

    [Test]
    public async Task A_folder_of_our_provisioner_is_made_and_outlives_its_pods()
    {
        var path = _bench.File($"volumes/{_claim}");
        await MakeAsync(
            $$$"""'hostPath':{'path':'{{{path}}}','type':'DirectoryOrCreate'}""", "{'pv.kubernetes.io/provisioned-by':'etcdish.io/local-path'}");
        var first = Pod("{'fsGroup':2000}");
        Assert.That((await _bench.EnsureAsync(first))["v"], Is.EqualTo(new VolumePlace(path, false)));
        var status = FileStatus.Of(path)!.Value;
        Assert.That((status.Mode, status.Gid), Is.EqualTo((Convert.ToInt32("2777", 8), 2000u)));
        File.WriteAllText(Path.Combine(path, "data"), "kept");
        await _bench.RemoveAsync(first.Uid);
        var second = Pod();
        second.Metadata.Uid = "another";
        var place = (await _bench.EnsureAsync(second))["v"];
        Assert.That(File.ReadAllText(Path.Combine(place.HostPath, "data")), Is.EqualTo("kept"));
    }

    [Test]
    public async Task A_folder_of_the_host_keeps_its_group()
    {
        var path = _bench.File($"host-{_claim}");
        await MakeAsync($$$"""'hostPath':{'path':'{{{path}}}','type':'DirectoryOrCreate'}""");
        await _bench.EnsureAsync(Pod("{'fsGroup':2000}"));
        Assert.That(FileStatus.Of(path)!.Value.Gid, Is.Zero);
    }

    [Test]
    public async Task A_local_volume_must_be_there()
    {
        var path = _bench.File($"local-{_claim}");
        await MakeAsync(LocalOf(path));
        AssertRefused($"MountVolume.SetUp failed for volume \"pv-{_claim}\" : path \"{path}\" does not exist");
        Directory.CreateDirectory(path);
        Assert.That((await _bench.EnsureAsync(Pod("{'fsGroup':2000}", readOnly: true)))["v"], Is.EqualTo(new VolumePlace(path, true)));
        Assert.That(FileStatus.Of(path)!.Value.Gid, Is.Zero, "what is only read is not given away");
    }

    [Test]
    public async Task A_pod_that_runs_keeps_its_volume_over_a_restart_whatever_becomes_of_the_claim()
    {
        var path = Directory.CreateDirectory(_bench.File($"local-{_claim}")).FullName;
        await MakeAsync(LocalOf(path));
        var pod = Pod();
        var place = (await _bench.EnsureAsync(pod))["v"];
        await BindAsync("Lost");
        await _bench.RestartAsync();
        Assert.That((await _bench.EnsureAsync(pod))["v"], Is.EqualTo(place));
        var note = Path.Combine(_bench.Folders.Pod(pod.Uid), "plugins", "etcdish~claim", "v");
        File.WriteAllText(note, "");
        await _bench.RestartAsync();
        AssertRefused(Unbound + $"{_claim}: PVC is not bound");
    }

    [Test]
    public async Task An_ephemeral_claim_is_its_pods_own()
    {
        var path = Directory.CreateDirectory(_bench.File($"local-{_claim}")).FullName;
        var pod = VolumePods.With(_claim, "{'name':'v','ephemeral':{'volumeClaimTemplate':{'spec':{}}}}");
        _claim += "-v";
        await MakeAsync(LocalOf(path));
        Assert.That(() => _bench.EnsureAsync(pod), Throws.TypeOf<VolumeException>().With.Message.EqualTo(
            Unbound + $"{_claim}: PVC default/{_claim} was not created for pod default/{pod.Metadata.Name} (pod is not owner)"));
        var owner =
            $$$"""{'apiVersion':'v1','kind':'Pod','name':'{{{pod.Metadata.Name}}}','uid':'{{{pod.Uid}}}','controller':true}""";
        await _bench.Api.PatchAsync(
            Resources.PersistentVolumeClaims, "default", _claim, $$$"""{'metadata':{'ownerReferences':[{{{owner}}}]}}""");
        Assert.That((await _bench.EnsureAsync(pod))["v"].HostPath, Is.EqualTo(path));
    }

    [Test]
    public async Task A_block_device_is_no_file_system_and_the_other_way_round()
    {
        var device = Directory.EnumerateFiles("/dev").FirstOrDefault(path => FileStatus.Of(path)?.Type == FileType.BlockDevice);
        if (device is null)
        {
            Tools.Missing("this machine has no block device");
        }

        await MakeAsync(LocalOf(device!) + ",'volumeMode':'Block'", mode: "Block");
        AssertRefused(Unbound + $"{_claim}: volume v has volumeMode Block, but is specified in volumeMounts");
        var pod = Pod();
        pod.Spec.Containers[0].VolumeMounts = [];
        pod.Spec.Containers[0].VolumeDevices = [new DeviceManifest { Name = "v", DevicePath = "/dev/x" }];
        Assert.That((await _bench.EnsureAsync(pod))["v"].HostPath, Is.EqualTo(device));
    }

    [Test]
    public async Task What_this_node_does_not_know_is_told()
    {
        await MakeAsync("'csi':{'driver':'x.io','volumeHandle':'h'}");
        AssertRefused(
            $"MountVolume.SetUp failed for volume \"pv-{_claim}\" : "
            + "driver name x.io not found in the list of registered CSI drivers: this node has none");
    }

    [Test]
    public async Task A_machine_that_cannot_mount_NFS_says_why()
    {
        if (NfsMounts.Problem is not { } problem)
        {
            Tools.Missing("this machine has mount.nfs: nothing is to be told");
            return;
        }

        await MakeAsync("'nfs':{'server':'127.0.0.1','path':'/x'}");
        AssertRefused($"MountVolume.SetUp failed for volume \"pv-{_claim}\" : {problem}");
        Assert.That(
            () => _bench.EnsureAsync(VolumePods.With("inline", "{'name':'v','nfs':{'server':'127.0.0.1','path':'/x'}}")),
            Throws.TypeOf<VolumeException>().With.Message.EqualTo($"MountVolume.SetUp failed for volume \"v\" : {problem}"));
        Assert.That(problem, Does.Contain("mount.nfs"));
    }

    private static string LocalOf(string path) => $$$"""
        'local':{'path':'{{{path}}}'},'nodeAffinity':{'required':{'nodeSelectorTerms':[
          {'matchExpressions':[{'key':'kubernetes.io/hostname','operator':'In','values':['here']}]}]}}
        """;

    private PodManifest Pod(string security = "{}", bool readOnly = false) => VolumePods.With(
        $"pod-{_claim}",
        $$$"""{'name':'v','persistentVolumeClaim':{'claimName':'{{{_claim}}}','readOnly':{{{(readOnly ? "true" : "false")}}}}}""",
        security);

    private void AssertRefused(string message) =>
        Assert.That(() => _bench.EnsureAsync(Pod()), Throws.TypeOf<VolumeException>().With.Message.EqualTo(message));

    /// <summary>A volume and a claim that are bound to each other.</summary>
    private async Task MakeAsync(string source, string annotations = "{}", string mode = "Filesystem")
    {
        var claim = await CreateClaimAsync(mode);
        await CreateVolumeAsync(source, claim.Metadata.Uid, annotations);
        await BindAsync("Bound");
    }

    private Task<PersistentVolumeClaim> CreateClaimAsync(string mode = "Filesystem") => _bench.Api.CreateAsync(
        Resources.PersistentVolumeClaims,
        "default",
        $$$"""
        {'metadata':{'name':'{{{_claim}}}'},'spec':{'accessModes':['ReadWriteOnce'],'storageClassName':'','volumeMode':'{{{mode}}}',
         'volumeName':'pv-{{{_claim}}}','resources':{'requests':{'storage':'1Gi'} } } }
        """);

    private Task<PersistentVolumeClaim> BindAsync(string phase) => _bench.Api.PatchAsync(
        Resources.PersistentVolumeClaims, "default", _claim, $$$"""{'status':{'phase':'{{{phase}}}'}}""", "status");

    private Task<PersistentVolume> CreateVolumeAsync(string source, string claimUid, string annotations = "{}") => _bench.Api.CreateAsync(
        Resources.PersistentVolumes,
        "",
        $$$"""
        {'metadata':{'name':'pv-{{{_claim}}}','annotations':{{{annotations}}}},'spec':{'accessModes':['ReadWriteOnce'],
         'capacity':{'storage':'1Gi'},'claimRef':{'namespace':'default','name':'{{{_claim}}}','uid':'{{{claimUid}}}'},{{{source}}}}}
        """);
}

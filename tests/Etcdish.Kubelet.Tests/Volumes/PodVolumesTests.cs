using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Volumes;
using Etcdish.Kubernetes;

namespace Etcdish.Kubelet.Tests.Volumes;

/// <summary>Volumes that need no object of the API, and the end of all.</summary>
public sealed class PodVolumesTests
{
    private const string Empty = "{'name':'e','emptyDir':{}}";
    private const string Memory = "{'name':'e','emptyDir':{'medium':'Memory','sizeLimit':'1Mi'}}";
    private VolumeBench _bench = null!;

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

    [TearDown]
    public async Task RemoveAllAsync()
    {
        foreach (var uid in _bench?.Volumes.ListPods() ?? [])
        {
            await _bench!.RemoveAsync(uid);
        }
    }

    [TestCase(Empty, "{}", "777 0")]
    [TestCase(Empty, "{'fsGroup':2000}", "2777 2000")]
    [TestCase(Memory, "{}", "1777 0")]
    [TestCase(Memory, "{'fsGroup':2000}", "3777 2000")]
    public async Task An_empty_folder_is_everybodys_and_stays_as_the_pod_makes_it(string source, string security, string wanted)
    {
        var pod = VolumePods.With("p", source, security);
        var place = (await _bench.EnsureAsync(pod))["e"];
        Assert.That(ModeOf(place.HostPath), Is.EqualTo(wanted));
        File.WriteAllText(Path.Combine(place.HostPath, "mine"), "x");
        File.SetUnixFileMode(place.HostPath, (UnixFileMode)Modes.Private);
        await _bench.RestartAsync();
        Assert.That((await _bench.EnsureAsync(pod))["e"], Is.EqualTo(place));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ModeOf(place.HostPath), Does.StartWith("750"));
            Assert.That(File.ReadAllText(Path.Combine(place.HostPath, "mine")), Is.EqualTo("x"));
            Assert.That(place.ReadOnly, Is.False);
        }
    }

    [TestCase(Empty)]
    [TestCase(Memory)]
    public async Task One_that_was_left_half_made_is_finished(string source)
    {
        var pod = VolumePods.With("p", source, "{'fsGroup':2000}");
        var path = _bench.Folders.Volume(pod.Uid, "empty-dir", "e");
        Directory.CreateDirectory(path);
        File.SetUnixFileMode(path, (UnixFileMode)Modes.OwnerOnlyFolder);
        await _bench.EnsureAsync(pod);
        Assert.That(ModeOf(path), Does.EndWith("777 2000"));
        Assert.That(MountTable.IsMounted(path), Is.EqualTo(source == Memory));
    }

    [TestCase("{'medium':'Memory','sizeLimit':'1Mi'}", null, 1L << 20)]
    [TestCase("{'medium':'Memory','sizeLimit':'3Gi'}", null, 1L << 30)]
    [TestCase("{'medium':'Memory'}", null, 1L << 30)]
    [TestCase("{'medium':'Memory'}", "64Mi", 64L << 20)]
    [TestCase("{'medium':'Memory','sizeLimit':'1Mi'}", "64Mi", 1L << 20)]
    [TestCase("{'medium':'Memory','sizeLimit':'1Gi'}", "64Mi", 64L << 20)]
    public async Task Memory_has_the_least_of_its_limits(string source, string? limit, long bytes)
    {
        var pod = VolumePods.With("p", $$"""{'name':'e','emptyDir':{{source}}}""");
        if (limit is not null)
        {
            pod.Spec.Containers[0].Resources =
                new Kubernetes.Objects.ResourceRequirements { Limits = new() { ["memory"] = Quantity.Parse(limit) } };
        }

        var place = (await _bench.EnsureAsync(pod))["e"];
        Assert.That(new DriveInfo(place.HostPath).TotalSize, Is.EqualTo(bytes));
    }

    [Test]
    public async Task Use_is_told_with_its_limit()
    {
        var pod = VolumePods.With("p", "{'name':'d','emptyDir':{'sizeLimit':'2Mi'}},{'name':'m','emptyDir':{'medium':'Memory'}}");
        var places = await _bench.EnsureAsync(pod);
        File.WriteAllBytes(Path.Combine(places["d"].HostPath, "f"), new byte[1 << 20]);
        File.WriteAllBytes(Path.Combine(places["m"].HostPath, "f"), new byte[4096]);
        var usages = _bench.Volumes.Measure(pod);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(usages.Select(usage => (usage.Name, usage.LimitBytes, usage.IsMemory, usage.UsedInodes)), Is.EqualTo(
                [("d", (long?)(2 << 20), false, 2L), ("m", (long?)null, true, 2L)]));
            Assert.That(usages[0].UsedBytes, Is.InRange(1 << 20, (1 << 20) + 65536));
            Assert.That(usages[1].UsedBytes, Is.InRange(4096, 16384));
        }
    }

    [Test]
    public async Task Folders_of_the_host_are_used_in_place_and_survive_the_pod([Values] bool afterRestart)
    {
        var host = Directory.CreateDirectory(_bench.File($"host-{afterRestart}")).FullName;
        File.WriteAllText(Path.Combine(host, "data"), "precious");
        var pod = VolumePods.With("p", $$$"""{'name':'h','hostPath':{'path':'{{{host}}}','type':'Directory'}},{{{Empty}}},{{{Memory.Replace("'e'", "'m'")}}}""");
        var places = await _bench.EnsureAsync(pod);
        Assert.That(places["h"], Is.EqualTo(new VolumePlace(host, false)));

        // As runtimes do for sub paths, or containers that may mount: the host's folder is seen within the pod's.
        foreach (var place in new[] { "e", "m" })
        {
            var inner = Directory.CreateDirectory(Path.Combine(places[place].HostPath, "inner")).FullName;
            Root.Run("mount", "--bind", host, inner);
            File.CreateSymbolicLink(Path.Combine(places[place].HostPath, "link"), host);
        }

        if (afterRestart)
        {
            await _bench.RestartAsync();
        }

        Assert.That(_bench.Volumes.ListPods(), Is.EqualTo([pod.Uid]));
        await _bench.RemoveAsync(pod.Uid);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(File.ReadAllText(Path.Combine(host, "data")), Is.EqualTo("precious"));
            Assert.That(_bench.Volumes.ListPods(), Is.Empty);
            Assert.That(MountTable.ListBelow(_bench.Folders.Pod(pod.Uid)), Is.Empty);
        }

        await _bench.RemoveAsync(pod.Uid);
    }

    [Test]
    public async Task What_is_in_use_is_told_and_goes_later()
    {
        var pod = VolumePods.With("p", Memory + "," + Empty.Replace("'e'", "'d'"));
        var place = (await _bench.EnsureAsync(pod))["e"];
        using (File.Create(Path.Combine(place.HostPath, "open")))
        {
            Assert.That(
                () => _bench.RemoveAsync(pod.Uid),
                Throws.TypeOf<VolumeException>().With.Property(nameof(VolumeException.Reason)).EqualTo("FailedUnMount"));
            Assert.That(_bench.Volumes.ListPods(), Is.EqualTo([pod.Uid]));
        }

        await _bench.RemoveAsync(pod.Uid);
        Assert.That(_bench.Volumes.ListPods(), Is.Empty);
    }

    [Test]
    public async Task A_pod_that_comes_again_finds_nothing_of_before()
    {
        var pod = VolumePods.With("p", Empty);
        var path = (await _bench.EnsureAsync(pod))["e"].HostPath;
        File.WriteAllText(Path.Combine(path, "old"), "");
        await _bench.RemoveAsync(pod.Uid);
        Assert.That(Directory.EnumerateFileSystemEntries((await _bench.EnsureAsync(pod))["e"].HostPath), Is.Empty);
    }

    [Test]
    public void Names_that_lead_elsewhere_are_refused()
    {
        var pod = VolumePods.With("p", Empty);
        pod.Metadata.Uid = "../../outside";
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => _bench.EnsureAsync(pod), Throws.TypeOf<VolumeException>());
            Assert.That(() => _bench.RemoveAsync(".."), Throws.ArgumentException);
            Assert.That(() => _bench.RemoveAsync(""), Throws.ArgumentException);
            Assert.That(
                () => _bench.EnsureAsync(VolumePods.With("q", "{'name':'../x','emptyDir':{}}")), Throws.TypeOf<VolumeException>());
        }
    }

    [Test]
    public async Task All_goes_on_at_once()
    {
        await Parallel.ForEachAsync(Enumerable.Range(0, 40), async (number, _) =>
        {
            PodManifest pod = VolumePods.With($"p{number % 10}", Empty);
            await _bench.EnsureAsync(pod);
            if (number % 3 == 0)
            {
                await _bench.RemoveAsync(pod.Uid);
            }
        });
        for (var i = 0; i < 10; i++)
        {
            await _bench.RemoveAsync($"uid-p{i}");
        }

        Assert.That(_bench.Volumes.ListPods(), Is.Empty);
    }

    private static string ModeOf(string path)
    {
        var status = FileStatus.Of(path)!.Value;
        return $"{Convert.ToString(status.Mode, 8)} {status.Gid}";
    }
}

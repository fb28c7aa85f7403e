using System.Text;
using Etcdish.Kubelet.Volumes;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Kubelet.Tests.Volumes;

/// <summary>Volumes that show objects of the API.</summary>
public sealed class PayloadVolumesTests
{
    private const int Patience = 20_000;
    private const string Secret = "'type':'Opaque','data':{'user':'YWRtaW4=','key':'AP8='}";

    private static readonly object[] _cases =
    [
        new object[] { "{'configMap':{'name':'m'}}", "a=1 b=2 bin=\u0001\u0002" },
        new object[] { "{'configMap':{'name':'m','items':[{'key':'a','path':'x/y'}]}}", "x/y=1" },
        new object[] { "{'configMap':{'name':'m','optional':true,'items':[{'key':'a','path':'x'},{'key':'none','path':'z'}]}}", "x=1" },
        new object[] { "{'configMap':{'name':'none','optional':true}}", "" },
        new object[] { "{'secret':{'secretName':'s','items':[{'key':'user','path':'u'}]}}", "u=admin" },
        new object[] { "{'secret':{'secretName':'none','optional':true}}", "" },
        new object[] { "{'downwardAPI':{'items':[{'path':'l','fieldRef':{'fieldPath':'metadata.labels'}}]}}", "l=app=\"web\"" },
        new object[]
        {
            "{'projected':{'sources':[{'configMap':{'name':'m','items':[{'key':'a','path':'f'},{'key':'b','path':'g'}]}},"
            + "{'secret':{'name':'s','items':[{'key':'user','path':'f'}]}},"
            + "{'downwardAPI':{'items':[{'path':'d/n','fieldRef':{'fieldPath':'metadata.name'}}]}}]}}",
            "d/n=p f=admin g=2",
        },
    ];

    private static readonly object[] _failures =
    [
        new object[] { "{'configMap':{'name':'none'}}", "configmap \"none\" not found" },
        new object[] { "{'secret':{'secretName':'none'}}", "secret \"none\" not found" },
        new object[] { "{'configMap':{'name':'m','items':[{'key':'z','path':'z'}]}}", "configmap references non-existent config key: z" },
        new object[] { "{'secret':{'secretName':'s','items':[{'key':'z','path':'z'}]}}", "references non-existent secret key: z" },
        new object[] { "{'configMap':{'name':'m','items':[{'key':'a','path':'../z'}]}}", "invalid path: must not contain '..': ../z" },
        new object[]
        {
            "{'projected':{'sources':[{'configMap':{'name':'none'}},{'secret':{'name':'none'}}]}}",
            "[configmap \"none\" not found, secret \"none\" not found]",
        },
        new object[] { "{'emptyDir':{'medium':'HugePages'}}", "storage medium \"HugePages\" is not supported by this node" },
        new object[] { "{'image':{'reference':'busybox'}}", "image volumes are not supported by this node" },
        new object[]
        {
            "{'csi':{'driver':'x.io'}}", "driver name x.io not found in the list of registered CSI drivers: this node has none",
        },
        new object[] { "{'rbd':{}}", "no volume plugin matched: this node does not know this kind of volume" },
    ];

    private VolumeBench _bench = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        Root.Require();
        _bench = await VolumeBench.StartAsync();
        await _bench.SetAsync(Resources.ConfigMaps, "m", "'data':{'a':'1','b':'2'},'binaryData':{'bin':'AQI='}");
        await _bench.SetAsync(Resources.Secrets, "s", Secret);
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

    [TestCaseSource(nameof(_cases))]
    public async Task Objects_become_files(string source, string files)
    {
        var pod = VolumePods.With("p", Named(source), labels: "{'app':'web'}");
        var place = (await _bench.EnsureAsync(pod))["v"];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(place.ReadOnly, Is.True);
            Assert.That(ShownIn(place.HostPath), Is.EqualTo(files));
            Assert.That(MountTable.IsMounted(place.HostPath), Is.EqualTo(!source.StartsWith("{'configMap", StringComparison.Ordinal)));
        }

        await _bench.RemoveAsync(pod.Uid);
        Assert.That(Directory.Exists(_bench.Folders.Pod(pod.Uid)), Is.False);
    }

    [TestCaseSource(nameof(_failures))]
    public void What_is_not_to_be_had_is_told(string source, string problem) => Assert.That(
        () => _bench.EnsureAsync(VolumePods.With("p", Named(source))),
        Throws.TypeOf<VolumeException>()
            .With.Message.EqualTo($"MountVolume.SetUp failed for volume \"v\" : {problem}")
            .And.Property(nameof(VolumeException.Reason)).EqualTo("FailedMount"));

    [Test]
    public async Task Volumes_that_no_container_uses_are_not_made()
    {
        var pod = VolumePods.With("p", Named("{'configMap':{'name':'none'}}"));
        pod.Spec.Containers[0].VolumeMounts = [];
        Assert.That(await _bench.EnsureAsync(pod), Is.Empty);
    }

    [TestCase("{}", "644 640 600")]
    [TestCase("{'fsGroup':2000}", "644 640 640")]
    public async Task Modes_are_the_items_then_the_volumes(string security, string modes)
    {
        const string source = """
            {'projected':{'defaultMode':384,'sources':[
              {'configMap':{'name':'m','items':[{'key':'a','path':'a','mode':420},{'key':'b','path':'b','mode':416}]}},
              {'secret':{'name':'s','items':[{'key':'user','path':'c'}]}}]}}
            """;
        var place = (await _bench.EnsureAsync(VolumePods.With("p", Named(source), security)))["v"];
        var seen = new[] { "a", "b", "c" }
            .Select(name => FileStatus.Of(Path.Combine(place.HostPath, name))!.Value)
            .Select(status => (Mode: Convert.ToString(status.Mode, 8), status.Gid))
            .ToList();
        Assert.That(string.Join(' ', seen.Select(file => file.Mode)), Is.EqualTo(modes));
        Assert.That(seen.Select(file => file.Gid), Is.All.EqualTo(security == "{}" ? 0u : 2000u));
    }

    [Test]
    public async Task Changes_are_shown_by_themselves()
    {
        await _bench.SetAsync(Resources.ConfigMaps, "live", "'data':{'a':'1'}");
        await _bench.SetAsync(Resources.Secrets, "live", "'data':{'s':'YQ=='}");
        var pod = VolumePods.With(
            "p",
            "{'name':'m','configMap':{'name':'live'}},{'name':'s','secret':{'secretName':'live'}},"
            + "{'name':'o','configMap':{'name':'later','optional':true}}");
        var places = await _bench.EnsureAsync(pod);
        await _bench.SetAsync(Resources.ConfigMaps, "live", "'data':{'a':'2','b':'new'}");
        await _bench.SetAsync(Resources.Secrets, "live", "'data':{'t':'Yg=='}");
        await _bench.SetAsync(Resources.ConfigMaps, "later", "'data':{'x':'y'}");
        Assert.That(() => ShownIn(places["m"].HostPath), Is.EqualTo("a=2 b=new").After(Patience, 5));
        Assert.That(() => ShownIn(places["s"].HostPath), Is.EqualTo("t=b").After(Patience, 5));
        Assert.That(() => ShownIn(places["o"].HostPath), Is.EqualTo("x=y").After(Patience, 5));
        await _bench.DeleteAsync(Resources.ConfigMaps, "later");
        Assert.That(() => ShownIn(places["o"].HostPath), Is.Empty.After(Patience, 5));
    }

    [Test]
    public async Task What_was_shown_stays_when_its_object_goes_also_over_a_restart()
    {
        await _bench.SetAsync(Resources.ConfigMaps, "going", "'data':{'a':'1'}");
        var pod = VolumePods.With("p", Named("{'configMap':{'name':'going'}}"));
        var place = (await _bench.EnsureAsync(pod))["v"];
        await _bench.DeleteAsync(Resources.ConfigMaps, "going");
        Assert.That(() => Warned("going"), Is.True.After(Patience, 5));
        Assert.That(ShownIn(place.HostPath), Is.EqualTo("a=1"));
        await _bench.RestartAsync();
        Assert.That((await _bench.EnsureAsync(pod))["v"], Is.EqualTo(place));
        Assert.That(ShownIn(place.HostPath), Is.EqualTo("a=1"));
        await _bench.SetAsync(Resources.ConfigMaps, "going", "'data':{'a':'3'}");
        Assert.That(() => ShownIn(place.HostPath), Is.EqualTo("a=3").After(Patience, 5));
    }

    [Test]
    public async Task Labels_that_change_are_shown_by_the_next_call()
    {
        const string source = "{'downwardAPI':{'items':[{'path':'l','fieldRef':{'fieldPath':'metadata.labels'}}]}}";
        await _bench.EnsureAsync(VolumePods.With("p", Named(source), labels: "{'a':'1'}"));
        var place = (await _bench.EnsureAsync(VolumePods.With("p", Named(source), labels: "{'a':'2','b':'3'}")))["v"];
        Assert.That(ShownIn(place.HostPath), Is.EqualTo("l=a=\"2\"\nb=\"3\""));
    }

    [Test]
    public async Task Labels_that_change_are_shown_by_themselves_where_the_watch_of_pods_is_told_on()
    {
        const string source = "{'downwardAPI':{'items':[{'path':'l','fieldRef':{'fieldPath':'metadata.labels'}}]}}";
        var before = VolumePods.With("p", Named(source), labels: "{'a':'1'}");
        before.Metadata.ResourceVersion = "9";
        var after = VolumePods.With("p", Named(source), labels: "{'a':'2'}");
        after.Metadata.ResourceVersion = "10";
        var place = (await _bench.EnsureAsync(before))["v"];
        _bench.Volumes.Follow(before, after);
        Assert.That(() => ShownIn(place.HostPath), Is.EqualTo("l=a=\"2\"").After(Patience, 5));

        // Who starts containers may not have heard of it yet.
        await _bench.EnsureAsync(before);
        Assert.That(ShownIn(place.HostPath), Is.EqualTo("l=a=\"2\""));
    }

    private bool Warned(string word)
    {
        lock (_bench.Warnings)
        {
            return _bench.Warnings.Exists(line => line.Contains(word, StringComparison.Ordinal));
        }
    }

    private static string Named(string source) => "{'name':'v'," + source.Trim()[1..];

    /// <summary>All files that are shown, over links and in order.</summary>
    private static string ShownIn(string path)
    {
        List<string> files = [];
        Add(path, "");
        return string.Join(' ', files.Order(StringComparer.Ordinal));

        void Add(string folder, string prefix)
        {
            foreach (var entry in Directory.EnumerateFileSystemEntries(folder))
            {
                var name = Path.GetFileName(entry);
                if (prefix.Length == 0 && name.StartsWith("..", StringComparison.Ordinal))
                {
                    continue;
                }

                if (Directory.Exists(entry))
                {
                    Add(entry, prefix + name + "/");
                }
                else if (File.Exists(entry))
                {
                    files.Add($"{prefix}{name}={Encoding.UTF8.GetString(File.ReadAllBytes(entry))}");
                }
            }
        }
    }
}

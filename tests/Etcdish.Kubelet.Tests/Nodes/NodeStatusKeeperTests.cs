using System.Net;
using System.Text.Json.Nodes;
using Etcdish.ClusterBench;
using Etcdish.Kubelet.Nodes;
using Etcdish.Kubelet.Runtime;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Objects;
using Etcdish.Testing;

namespace Etcdish.Kubelet.Tests.Nodes;

/// <summary>The node's object in a real API, on a clock that the test moves.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class NodeStatusKeeperTests
{
    private readonly ManualClock _clock = new();
    private readonly List<string> _warnings = [];
    private ControlBench _bench = null!;
    private NodeStatusKeeper _keeper = null!;
    private NodeReport _report = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _bench = await ControlBench.StartAsync(_clock);
        _report = new NodeReport
        {
            NodeName = "n1",
            Machine = new MachineFacts
            {
                MachineId = "m",
                BootId = "b1",
                SystemUuid = "u",
                Kernel = "6.1",
                OsImage = "Debian",
                Architecture = "amd64",
                Processors = 4,
                MemoryBytes = 8L << 30,
                HugePages = [(2 << 20, 0), (1 << 30, 1 << 30)],
            },
            Runtime = new RuntimeInfo("containerd", "1.6.20", "", ""),
            Disk = new FileSystemSpace(1, 100L << 30, 50L << 30, 1000, 900),
            Addresses = [IPAddress.Parse("10.0.0.7")],
            Port = 10250,
            MaxPods = 110,
            Reserved = (100L << 20, 10L << 30),
            Images = [new ImageState("sha256:1", ["busybox:1"], [], 1000, null, "", false)],
        };
        _keeper = Make();
    }

    [TearDown]
    public async Task StopAsync()
    {
        _keeper.Dispose();
        await _bench.DisposeAsync();
    }

    [Test]
    public async Task A_node_registers_with_all_that_it_has()
    {
        await UpdateAsync();
        var node = await ReadAsync();
        using (Assert.EnterMultipleScope())
        {
            AssertJson(node["metadata"]!["labels"], """
                {"beta.kubernetes.io/arch":"amd64","beta.kubernetes.io/os":"linux","etcdish.io/pod-network":"own",
                 "etcdish.io/runtime":"containerd",
                 "kubernetes.io/arch":"amd64","kubernetes.io/hostname":"n1","kubernetes.io/os":"linux","zone":"a"}
                """);
            AssertJson(node["status"]!["capacity"], """
                {"cpu":"4","ephemeral-storage":"100Gi","hugepages-1Gi":"1Gi","hugepages-2Mi":"0","memory":"8Gi","pods":"110"}
                """);
            Assert.That((string?)node["status"]!["allocatable"]!["memory"], Is.EqualTo("7068Mi"));
            Assert.That((string?)node["status"]!["allocatable"]!["ephemeral-storage"], Is.EqualTo("96636764160"));
            AssertJson(node["status"]!["addresses"], """[{"address":"10.0.0.7","type":"InternalIP"},{"address":"n1","type":"Hostname"}]""");
            Assert.That((int?)node["status"]!["daemonEndpoints"]!["kubeletEndpoint"]!["Port"], Is.EqualTo(10250));
            Assert.That((string?)node["status"]!["nodeInfo"]!["containerRuntimeVersion"], Is.EqualTo("containerd://1.6.20"));
            Assert.That((string?)node["status"]!["images"]![0]!["names"]![0], Is.EqualTo("busybox:1"));
            Assert.That(Conditions(node), Is.EqualTo(
                "MemoryPressure=False KubeletHasSufficientMemory,DiskPressure=False KubeletHasNoDiskPressure,"
                + "PIDPressure=False KubeletHasSufficientPID,Ready=True KubeletReady"));
            Assert.That(_keeper.Ready.IsCompletedSuccessfully, Is.True);
            Assert.That(_keeper.Uid, Is.EqualTo((string?)node["metadata"]!["uid"]));
        }
    }

    [Test]
    public async Task Nothing_is_written_while_nothing_changes_for_five_minutes()
    {
        await UpdateAsync();
        await UpdateAsync();
        var before = Revision(await ReadAsync());
        for (var i = 0; i < 29; i++)
        {
            _clock.Advance(TimeSpan.FromSeconds(10));
            await UpdateAsync();
        }

        Assert.That(Revision(await ReadAsync()), Is.EqualTo(before));
        _clock.Advance(TimeSpan.FromSeconds(10));
        await UpdateAsync();
        var node = await ReadAsync();
        Assert.That(Revision(node), Is.Not.EqualTo(before));
        Assert.That((string?)node["status"]!["conditions"]![3]!["lastTransitionTime"], Is.EqualTo("2026-01-01T00:00:00Z"));
        Assert.That((string?)node["status"]!["conditions"]![3]!["lastHeartbeatTime"], Is.EqualTo("2026-01-01T00:05:00Z"));
    }

    [Test]
    public async Task What_changes_is_written_and_what_others_wrote_stays()
    {
        await UpdateAsync();
        await PatchAsync("status", """{"status":{"capacity":{"example.com/thing":"3"},"conditions":[{"type":"Theirs","status":"True"}]}}""");
        await PatchAsync("", """{"metadata":{"labels":{"own":"1"}},"spec":{"unschedulable":true}}""");
        _report = _report with
        {
            Pressures = new NodePressures(true, false, false),
            Faults = ["container runtime is down", GracefulShutdown.NodeFault],
            Addresses = [IPAddress.Parse("10.0.0.8")],
        };
        _clock.Advance(TimeSpan.FromSeconds(10));
        await UpdateAsync();
        var node = await ReadAsync();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Conditions(node).Split(','), Is.SupersetOf((string[])
            [
                "MemoryPressure=True KubeletHasInsufficientMemory", "Ready=False KubeletNotReady", "Theirs=True ",
            ]));
            var ready = node["status"]!["conditions"]!.AsArray().Single(condition => (string?)condition!["type"] == "Ready")!;
            Assert.That((string?)ready["message"], Is.EqualTo("container runtime is down,node is shutting down"));
            Assert.That((string?)ready["lastTransitionTime"], Is.EqualTo("2026-01-01T00:00:10Z"));
            Assert.That((string?)node["status"]!["allocatable"]!["example.com/thing"], Is.EqualTo("3"));
            Assert.That((bool?)node["spec"]!["unschedulable"], Is.True);
            Assert.That((string?)node["metadata"]!["labels"]!["own"], Is.EqualTo("1"));
            Assert.That(node["status"]!["addresses"]!.AsArray().Select(address => (string?)address!["address"]), Is.EqualTo((string[])["10.0.0.8", "n1"]));
        }
    }

    [Test]
    public async Task A_kubelet_that_starts_again_takes_its_node_over()
    {
        await UpdateAsync();
        await PatchAsync("", """{"metadata":{"labels":{"etcdish.io/runtime":"process","own":"1"}}}""");
        var uid = _keeper.Uid;
        using var second = Make();
        _report = _report with { Machine = _report.Machine with { BootId = "b2" } };
        await second.UpdateAsync(CancellationToken.None);
        var node = await ReadAsync();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(second.Uid, Is.EqualTo(uid));
            Assert.That((string?)node["metadata"]!["labels"]!["etcdish.io/runtime"], Is.EqualTo("containerd"));
            Assert.That((string?)node["metadata"]!["labels"]!["own"], Is.EqualTo("1"));
            Assert.That((string?)node["status"]!["nodeInfo"]!["bootID"], Is.EqualTo("b2"));
        }
    }

    [Test]
    public async Task A_node_that_is_deleted_registers_again()
    {
        await UpdateAsync();
        var uid = _keeper.Uid;
        await _bench.Client.DeleteAsync(Resources.Nodes, "", "n1", null, CancellationToken.None);
        await UpdateAsync();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(_keeper.Uid, Is.Not.EqualTo(uid).And.Not.Empty);
            Assert.That(_warnings, Has.One.EqualTo("somebody deleted node n1; it registers again"));
        }
    }

    [Test]
    public async Task The_lease_is_renewed_and_belongs_to_the_node()
    {
        await UpdateAsync();
        var lease = new NodeLease(_bench.Client, "n1", _clock, _warnings.Add);
        Assert.That(await lease.TryRenewAsync("", CancellationToken.None), Is.True);
        Assert.That(await _bench.ReadAsync(Resources.Leases, "kube-node-lease", "n1"), Is.Null, "a lease without a node");

        Assert.That(await lease.TryRenewAsync(_keeper.Uid, CancellationToken.None), Is.True);
        _clock.Advance(TimeSpan.FromSeconds(10));
        Assert.That(await lease.TryRenewAsync(_keeper.Uid, CancellationToken.None), Is.True);
        var read = (await _bench.ReadAsync(Resources.Leases, "kube-node-lease", "n1"))!;
        using (Assert.EnterMultipleScope())
        {
            AssertJson(read["spec"], """{"holderIdentity":"n1","leaseDurationSeconds":40,"renewTime":"2026-01-01T00:00:10.000000Z"}""");
            Assert.That((string?)read["metadata"]!["ownerReferences"]![0]!["uid"], Is.EqualTo(_keeper.Uid));
        }
    }

    private static string Revision(JsonObject node) => (string)node["metadata"]!["resourceVersion"]!;

    private static string Conditions(JsonObject node) => string.Join(
        ',', node["status"]!["conditions"]!.AsArray().Select(condition => $"{condition!["type"]}={condition["status"]} {condition["reason"]}"));

    private static void AssertJson(JsonNode? actual, string expected) => Assert.That(
        JsonNode.DeepEquals(actual, JsonNode.Parse(expected)), Is.True, $"expected {expected}\nbut it is {actual?.ToJsonString()}");

    private NodeStatusKeeper Make() => new(
        _bench.Client,
        new KubeletOptions { NodeName = "n1", NodeLabels = new Dictionary<string, string> { ["zone"] = "a" } },
        _ => Task.FromResult(_report),
        _bench.Context.Events,
        _clock,
        _warnings.Add);

    private async Task UpdateAsync() =>
        Assert.That(await _keeper.UpdateAsync(CancellationToken.None), Is.True, () => string.Join('\n', _warnings));

    private async Task<JsonObject> ReadAsync() => (await _bench.ReadAsync(Resources.Nodes, "", "n1"))!;

    private Task<byte[]> PatchAsync(string subresource, string patch) => _bench.Client.PatchAsync(
        (ApiResource)Resources.Nodes, "", "n1", JsonNode.Parse(patch)!, PatchKind.Strategic, subresource, CancellationToken.None);
}

using Etcdish.Controllers.Nodes;
using Etcdish.Kubernetes.Objects;
using Etcdish.Testing;

namespace Etcdish.Controllers.Tests.Nodes;

/// <summary>What is decided about nodes and their pods, without a server.</summary>
public sealed class NodeDecisionTests
{
    private static readonly DateTimeOffset _now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [TestCase("Ready=True", false, "", null)]
    [TestCase("Ready=True", false, "not-ready:NoSchedule", "")]
    [TestCase("Ready=False", false, "", "not-ready:NoSchedule")]
    [TestCase("Ready=Unknown", false, "not-ready:NoSchedule", "unreachable:NoSchedule")]
    [TestCase("Ready=Unknown", false, "unreachable:NoSchedule", null)]
    [TestCase("Ready=True MemoryPressure=True PIDPressure=True", false, "", "memory-pressure:NoSchedule pid-pressure:NoSchedule")]
    [TestCase("Ready=True DiskPressure=False NetworkUnavailable=True", false, "disk-pressure:NoSchedule", "network-unavailable:NoSchedule")]
    [TestCase("Ready=True", true, "", "unschedulable:NoSchedule")]
    [TestCase("Ready=True", false, "unschedulable:NoSchedule other:NoSchedule not-ready:NoExecute", "other:NoSchedule not-ready:NoExecute")]
    public void Taints_follow_conditions(string conditions, bool isUnschedulable, string taints, string? wanted)
    {
        var node = Made(conditions, taints);
        node.Spec.Unschedulable = isUnschedulable;
        Assert.That(Text(NodeTaints.OfConditions(node, _now)), Is.EqualTo(wanted));
    }

    [TestCase("", "not-ready", "not-ready:NoExecute")]
    [TestCase("not-ready:NoExecute not-ready:NoSchedule", "unreachable", "not-ready:NoSchedule unreachable:NoExecute")]
    [TestCase("unreachable:NoExecute other:NoExecute", null, "other:NoExecute")]
    [TestCase("other:NoExecute", null, null)]
    [TestCase("not-ready:NoExecute", "not-ready", null)]
    public void One_taint_drives_pods_away(string taints, string? key, string? wanted) => Assert.That(
        Text(NodeTaints.Driving(Made("", taints), key is null ? null : "node.kubernetes.io/" + key, _now)), Is.EqualTo(wanted));

    [Test]
    public void A_node_is_silent_behind_its_last_heartbeat_or_renewal()
    {
        var health = new NodeHealth();
        var node = Made("Ready=True", "");
        node.Status.Conditions[0].LastHeartbeatTime = _now.AddDays(-7);
        Assert.That(health.IsSilent(node, null, _now), Is.False, "the clocks of nodes do not count");
        Assert.That(health.IsSilent(node, null, _now.AddSeconds(50)), Is.False);
        Assert.That(health.IsSilent(node, null, _now.AddSeconds(51)), Is.True);
        Assert.That(health.IsSilent(node, Renewed(1), _now.AddSeconds(52)), Is.False);
        Assert.That(health.IsSilent(node, Renewed(1), _now.AddSeconds(103)), Is.True);
        Assert.That(health.IsSilent(node, Renewed(0), _now.AddSeconds(104)), Is.True, "a lease that goes back is no sign");
        node.Status.Conditions[0].LastHeartbeatTime = _now.AddDays(-6);
        Assert.That(health.IsSilent(node, Renewed(1), _now.AddSeconds(105)), Is.False);
        Assert.That(health.IsSilent(node, Renewed(1), _now.AddSeconds(156)), Is.True);
        health.Excuse(_now.AddSeconds(156));
        Assert.That(health.IsSilent(node, Renewed(1), _now.AddSeconds(206)), Is.False);
    }

    [Test]
    public void A_node_that_never_said_anything_has_a_minute()
    {
        var health = new NodeHealth();
        var node = Made("", "");
        node.Metadata.CreationTimestamp = _now;
        Assert.That(health.IsSilent(node, null, _now.AddSeconds(60)), Is.False);
        Assert.That(health.IsSilent(node, null, _now.AddSeconds(61)), Is.True);
        var told = NodeHealth.Silence(node, _now.AddSeconds(61))!;
        Assert.That(told.Select(c => (string?)c!["type"]), Is.EqualTo(["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"]));
        Assert.That((string?)told[0]!["reason"], Is.EqualTo("NodeStatusNeverUpdated"));
        Assert.That((string?)told[0]!["message"], Is.EqualTo("Kubelet never posted node status."));
        Assert.That((string?)told[0]!["lastHeartbeatTime"], Is.EqualTo("2026-01-01T00:00:00Z"));
    }

    [Test]
    public void Of_a_silent_node_nothing_is_known_but_its_network()
    {
        var node = Made("Ready=True MemoryPressure=Unknown DiskPressure=False PIDPressure=False NetworkUnavailable=False", "");
        var told = NodeHealth.Silence(node, _now)!;
        Assert.That(told.Select(c => (string?)c!["type"]), Is.EqualTo(["Ready", "DiskPressure", "PIDPressure"]));
        Assert.That(told.Select(c => (string?)c!["reason"]).Distinct(), Is.EqualTo(["NodeStatusUnknown"]));
        Assert.That((string?)told[0]!["message"], Is.EqualTo("Kubelet stopped posting node status."));
        Assert.That(
            NodeHealth.Silence(Made("Ready=Unknown MemoryPressure=Unknown DiskPressure=Unknown PIDPressure=Unknown", ""), _now), Is.Null);
    }

    [TestCase(0, 0, "Normal")]
    [TestCase(1, 0, "Normal")]
    [TestCase(0, 1, "FullDisruption")]
    [TestCase(1, 2, "Normal")]
    [TestCase(1, 3, "PartialDisruption")]
    [TestCase(9, 11, "PartialDisruption")]
    [TestCase(10, 11, "Normal")]
    public void A_zone_is_as_its_nodes_are(int ready, int notReady, string state) =>
        Assert.That(Zone.StateOf(ready, notReady).ToString(), Is.EqualTo(state));

    [TestCase(1, 10, 0.1)]
    [TestCase(2, 50, 0)]
    [TestCase(2, 51, 0.01)]
    [TestCase(3, 51, 0.1)]
    public void A_large_zone_is_slowed_and_a_small_one_stopped(int state, int nodes, double rate) =>
        Assert.That(Zone.RateOf((ZoneState)state, nodes), Is.EqualTo(rate));

    [Test]
    public void Nodes_of_a_zone_are_tainted_one_after_the_other()
    {
        var clock = new ManualClock();
        var zone = new Zone(clock);
        foreach (var name in new[] { "a", "b", "c", "a" })
        {
            zone.Add(name);
        }

        zone.Remove("b");
        Assert.That((zone.TryTake(out var first), first), Is.EqualTo((true, "a")));
        Assert.That(zone.TryTake(out _), Is.False);
        clock.Advance(TimeSpan.FromSeconds(9));
        Assert.That(zone.TryTake(out _), Is.False);
        clock.Advance(TimeSpan.FromSeconds(2));
        Assert.That((zone.TryTake(out var second), second), Is.EqualTo((true, "c")));
        Assert.That(zone.IsWaiting, Is.False);
        zone.Add("d");
        zone.Set(ZoneState.FullDisruption, 0);
        clock.Advance(TimeSpan.FromHours(1));
        Assert.That(zone.TryTake(out _), Is.False);
    }

    [TestCase("x:NoSchedule", "", null)]
    [TestCase("x:NoExecute", "", 0)]
    [TestCase("x:NoExecute", "x=300", 300)]
    [TestCase("x:NoExecute", "x", null)]
    [TestCase("x:NoExecute y:NoExecute", "x=300 y=60", 60)]
    [TestCase("x:NoExecute y:NoExecute", "x=300", 0)]
    [TestCase("x:NoExecute y:NoExecute", "x y=60", 60)]
    [TestCase("x:NoExecute", "x=-5", 0)]
    public void A_pod_stays_as_long_as_it_tolerates(string taints, string tolerations, int? seconds)
    {
        var pod = new Pod
        {
            Spec = new PodSpec
            {
                Tolerations = [.. tolerations.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(text => text.Split('=')).Select(parts =>
                    new Toleration
                    {
                        Key = "node.kubernetes.io/" + parts[0],
                        Operator = "Exists",
                        Effect = "NoExecute",
                        TolerationSeconds = parts.Length > 1 ? int.Parse(parts[1], null) : null,
                    })],
            },
        };
        Assert.That(TaintEvictionController.StayOf(pod, Made("", taints).Spec.Taints)?.TotalSeconds, Is.EqualTo((double?)seconds));
    }

    [Test]
    public void Of_ended_pods_evicted_ones_go_first_and_then_the_oldest()
    {
        Pod[] pods =
        [
            Ended("new", 3), Ended("old", 1), Ended("evicted", 4, "Failed", "Evicted"), Ended("middle", 2), Ended("running", 0, "Running"),
        ];
        Assert.That(PodCollector.TooMany(pods, 2).Select(pod => pod.Metadata.Name), Is.EqualTo(["evicted", "old"]));
        Assert.That(PodCollector.TooMany(pods, 4), Is.Empty);
        Assert.That(PodCollector.TooMany(pods, 0), Is.Empty);
    }

    [TestCase(0, 100, 0)]
    [TestCase(0, 101, 1)]
    [TestCase(1, 95, 1)]
    [TestCase(1, 89, 0)]
    [TestCase(0, 5000, 4)]
    [TestCase(5, 1, 0)]
    public void Time_to_live_grows_with_the_cluster(int before, int nodes, int step) =>
        Assert.That(NodeTtlController.StepOf(before, nodes), Is.EqualTo(step));

    [Test]
    public void A_range_is_given_out_part_by_part()
    {
        var ranges = new AddressRanges("10.1.0.0/22", 24);
        ranges.Occupy("10.1.1.0/24");
        ranges.Occupy("192.168.0.0/24");
        ranges.Occupy("fd00::/64");
        Assert.That(
            Enumerable.Range(0, 4).Select(_ => ranges.Take()), Is.EqualTo((string?[])["10.1.0.0/24", "10.1.2.0/24", "10.1.3.0/24", null]));
        ranges.Release("10.1.2.0/24");
        Assert.That(ranges.Take(), Is.EqualTo("10.1.2.0/24"));
        var six = new AddressRanges("fd00:1::/62", 64);
        Assert.That(Enumerable.Range(0, 5).Select(_ => six.Take()), Is.EqualTo((string?[])
            ["fd00:1::/64", "fd00:1:0:1::/64", "fd00:1:0:2::/64", "fd00:1:0:3::/64", null]));
    }

    [TestCase("10.1.0.0/22", 21)]
    [TestCase("10.0.0.0/8", 25)]
    [TestCase("10.0.0.0/8", 33)]
    [TestCase("nonsense", 24)]
    public void A_range_that_cannot_be_cut_is_refused(string range, int mask) =>
        Assert.That(() => new AddressRanges(range, mask), Throws.ArgumentException);

    private static Lease Renewed(int seconds) => new() { Spec = new LeaseSpec { RenewTime = _now.AddSeconds(seconds) } };

    private static Pod Ended(string name, int age, string phase = "Succeeded", string reason = "") => new()
    {
        Metadata = new ObjectMetadata { Name = name, CreationTimestamp = _now.AddMinutes(age) },
        Status = new PodStatus { Phase = phase, Reason = reason },
    };

    private static Node Made(string conditions, string taints) => new()
    {
        Metadata = new ObjectMetadata { Name = "n" },
        Spec = new NodeSpec
        {
            Taints = [.. taints.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(text => text.Split(':'))
                .Select(parts => new Taint { Key = "node.kubernetes.io/" + parts[0], Effect = parts[1] })],
        },
        Status = new NodeStatus
        {
            Conditions = [.. conditions.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(text => text.Split('='))
                .Select(parts => new Condition { Type = parts[0], Status = parts[1] })],
        },
    };

    private static string? Text(Taint[]? taints) => taints is null
        ? null
        : string.Join(' ', taints.Select(taint => $"{taint.Key.Replace("node.kubernetes.io/", "", StringComparison.Ordinal)}:{taint.Effect}"));
}

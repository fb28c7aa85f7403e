using Etcdish.Controllers.Workloads;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Tests.Workloads;

/// <summary>Which pods go first, and how they are counted.</summary>
public sealed class PodRulesTests
{
    private static readonly DateTimeOffset _now = RolloutSamples.Now;

    [Test]
    public void Pods_go_in_the_order_of_their_worth()
    {
        Pod[] inOrder =
        [
            Pod("no-node-pending", node: "", phase: "Pending", ready: null),
            Pod("no-node", node: "", phase: "Running", ready: null),
            Pod("pending", phase: "Pending", ready: null),
            Pod("unknown", phase: "Unknown", ready: null),
            Pod("not-ready", ready: null),
            Pod("cheap", cost: "-5"),
            Pod("crowded", node: "full"),
            Pod("fresh", ready: 10),
            Pod("restarted", restarts: 3),
            Pod("sidecar-restarted", sidecarRestarts: 3),
            Pod("young", age: 600),
            Pod("old"),
            Pod("dear", cost: "7"),
        ];
        Pod[] related = [.. inOrder, Pod("1", node: "full"), Pod("2", node: "full"), .. Enumerable.Range(0, 9).Select(i => Pod($"b{i}", node: "full"))];
        var shuffled = inOrder.ToArray();
        new Random(1).Shuffle(shuffled);
        Assert.That(
            new DeletionOrder(related, _now).First(shuffled, inOrder.Length - 1).Select(pod => pod.Metadata.Uid),
            Is.EqualTo(inOrder.SkipLast(1).Select(pod => pod.Metadata.Uid)));
    }

    [Test]
    public void Of_pods_about_as_old_none_is_preferred_for_its_age()
    {
        Pod[] pods = [Pod("b", ready: 5000, age: 5000), Pod("a", ready: 5500, age: 5500)];
        Assert.That(new DeletionOrder([], _now).First(pods, 1)[0].Metadata.Uid, Is.EqualTo("a"), "which is the older one");
    }

    /// <summary>Sorting would fail, or lose pods, by an order that is none.</summary>
    [Test]
    public void The_order_is_one([Range(1, 20)] int seed)
    {
        var random = new Random(seed);
        Pod[] pods = [.. Enumerable.Range(0, 12).Select(i => Pod(
            $"{i}",
            node: random.Next(3) == 0 ? "" : $"n{random.Next(2)}",
            phase: random.Next(2) == 0 ? "Running" : "Pending",
            ready: random.Next(2) == 0 ? null : random.Next(1, 4) * 500,
            cost: random.Next(2) == 0 ? null : $"{random.Next(2)}",
            restarts: random.Next(2),
            age: random.Next(1, 4) * 500))];
        var order = new DeletionOrder(pods, _now);
        foreach (var (a, b, c) in from a in pods from b in pods from c in pods select (a, b, c))
        {
            Assert.That(Math.Sign(order.Compare(a, b)), Is.EqualTo(-Math.Sign(order.Compare(b, a))));
            if (order.Compare(a, b) <= 0 && order.Compare(b, c) <= 0)
            {
                Assert.That(order.Compare(a, c), Is.LessThanOrEqualTo(0), $"{a} {b} {c}, seed {seed}");
            }
        }
    }

    [Test]
    public void Pods_are_counted()
    {
        Dictionary<string, string> labels = new() { ["app"] = "web" };
        Pod[] pods =
        [
            Pod("available", ready: 100, labels: labels),
            Pod("ready", ready: 4),
            Pod("readier", ready: 7),
            Pod("pending", ready: null, phase: "Pending"),
            Pod("failed", ready: null, phase: "Failed"),
            Pod("ending", deleted: true),
            Pod("ended", phase: "Succeeded", deleted: true),
        ];
        Assert.That(
            PodCounts.Of(pods, labels, 10, _now), Is.EqualTo(new PodCounts(4, 1, 3, 1, 1, _now + TimeSpan.FromSeconds(3))));
        Assert.That(PodCounts.Of(pods, [], 0, _now), Is.EqualTo(new PodCounts(4, 4, 3, 3, 1, null)));
    }

    [Test]
    public void Status_is_written_when_it_differs()
    {
        var set = RolloutSamples.Set("x", 3, available: 2);
        set.Status.FullyLabeledReplicas = 3;
        set.Status.TerminatingReplicas = 0;
        var counts = new PodCounts(3, 3, 2, 2, 0, null);
        Assert.That(ReplicaStatus.Of(set, 0, counts, null, hasTerminating: true, _now), Is.Null);
        Assert.That(ReplicaStatus.Of(set, 1, counts, null, hasTerminating: true, _now), Is.Not.Null);
        Assert.That(
            ReplicaStatus.Of(set, 0, counts with { Terminating = 1, Ready = 0 }, null, hasTerminating: true, _now)!.ToJsonString(),
            Is.EqualTo("""{"replicas":3,"fullyLabeledReplicas":3,"readyReplicas":null,"availableReplicas":2,"observedGeneration":0,"conditions":null,"terminatingReplicas":1}"""));
    }

    [TestCase(2, "FailedCreate")]
    [TestCase(4, "FailedDelete")]
    public void A_failure_is_told_once(int active, string reason)
    {
        var set = RolloutSamples.Set("x", 3);
        var counts = new PodCounts(active, 0, 0, 0, 0, null);
        var condition = ReplicaStatus.Of(set, 0, counts, "no", hasTerminating: false, _now)!["conditions"]![0]!;
        Assert.That(
            condition.ToJsonString(),
            Is.EqualTo($$"""{"type":"ReplicaFailure","status":"True","lastTransitionTime":"{{TimeText.Format(_now)}}","reason":"{{reason}}","message":"no"}"""));

        set.Status = new ReplicaSetStatus { Replicas = active, Conditions = [new Condition { Type = "ReplicaFailure", Status = "True" }] };
        Assert.That(ReplicaStatus.Of(set, 0, counts, "other", hasTerminating: false, _now), Is.Null);
        Assert.That(ReplicaStatus.Of(set, 0, counts, null, hasTerminating: false, _now), Does.ContainKey("conditions"));
    }

    private static Pod Pod(
        string uid,
        string node = "n",
        string phase = "Running",
        int? ready = 100_000,
        string? cost = null,
        int restarts = 0,
        int sidecarRestarts = 0,
        int age = 100_000,
        Dictionary<string, string>? labels = null,
        bool deleted = false) => new()
        {
            Metadata = new ObjectMetadata
            {
                Name = uid,
                Uid = uid,
                Labels = labels ?? [],
                Annotations = cost is null ? [] : new() { ["controller.kubernetes.io/pod-deletion-cost"] = cost },
                CreationTimestamp = _now - TimeSpan.FromSeconds(age),
                DeletionTimestamp = deleted ? _now : null,
            },
            Spec = new PodSpec { NodeName = node, InitContainers = [new Container { Name = "s", RestartPolicy = "Always" }] },
            Status = new PodStatus
            {
                Phase = phase,
                ContainerStatuses = [new ContainerStatus { RestartCount = restarts }],
                InitContainerStatuses = [new ContainerStatus { Name = "s", RestartCount = sidecarRestarts }],
                Conditions = ready is { } seconds
                    ? [new Condition { Type = "Ready", Status = "True", LastTransitionTime = _now - TimeSpan.FromSeconds(seconds) }]
                    : [],
            },
        };
}

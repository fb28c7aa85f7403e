using Etcdish.Kubernetes.Objects;

namespace Etcdish.Scheduler.Tests;

/// <summary>Who gives way to whom.</summary>
public sealed class PreemptionTests
{
    private static Node Node(string name) => Make.Node(name, allocatable: "'cpu':'2','memory':'8Gi','pods':'10'");

    private static Pod Pod(string name, int priority, string cpu = "1", string labels = "", string start = "2026-01-01T00:00:00Z", string more = "") =>
        Make.Pod(name, $"'priority':{priority}," + Make.Requests($"'cpu':'{cpu}'") + more, labels, $"'startTime':'{start}'");

    private static string Look(Ground ground, Pod pod)
    {
        var queued = ground.Queue(pod);
        var placement = ground.Cycle.Find(queued);
        Assert.That(placement.Node, Is.Null);
        var result = ground.Preemption.Look(queued, placement.Diagnosis!);
        return result.Victims is { } victims
            ? $"{victims.Node.Name}: {string.Join(',', victims.Pods.Select(p => p.Pod.Metadata.Name))}"
            : placement.Diagnosis!.Message(result.Message);
    }

    [Test]
    public void The_least_important_give_way()
    {
        var ground = new Ground().With(Node("a"), Node("b"))
            .On("a", Pod("a1", 5), Pod("a2", 3)).On("b", Pod("b1", 4), Pod("b2", 4));
        Assert.That(Look(ground, Pod("p", 10)), Is.EqualTo("a: a2"));
        Assert.That(Look(ground, Pod("q", 10, "2")), Is.EqualTo("b: b1,b2").Or.EqualTo("b: b2,b1"), "the highest priority of a victim counts first");
        Assert.That(ground.Cluster.PodCount, Is.EqualTo(4), "a look changes nothing");
        Assert.That(ground.Cluster.Nodes.Find("a")!.Requested(0), Is.EqualTo(2000));
    }

    [Test]
    public void Nobody_gives_way_to_his_equals()
    {
        var ground = new Ground().With(Node("a"), Node("b")).On("a", Pod("a1", 5, "2")).On("b", Pod("b1", 5, "2"));
        Assert.That(Look(ground, Pod("p", 5)), Is.EqualTo(
            "0/2 nodes are available: 2 Insufficient cpu. preemption: 0/2 nodes are available: 2 No preemption victims found for incoming pod."));
        Assert.That(Look(ground, Pod("q", 9, "3")), Is.EqualTo(
            "0/2 nodes are available: 2 Insufficient cpu. preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling."));
        Assert.That(
            Look(ground, Pod("r", 9, more: ",'preemptionPolicy':'Never'")),
            Is.EqualTo("0/2 nodes are available: 2 Insufficient cpu. preemption: not eligible due to preemptionPolicy=Never."));
    }

    [Test]
    public void Budgets_are_minded_before_priorities()
    {
        var ground = new Ground().With(Node("a"), Node("b")).On("a", Pod("a1", 1, "2", "'app':'db'")).On("b", Pod("b1", 8, "2"));
        ground.Budgets.Set(new ObjectKey("default", "db"), Make.Read(
            "{'metadata':{'name':'db','namespace':'default'},'spec':{'selector':{'matchLabels':{'app':'db'}}},'status':{'disruptionsAllowed':0}}",
            Kinds.SchedulerKinds.Budgets.Form));
        Assert.That(Look(ground, Pod("p", 10)), Is.EqualTo("b: b1"));
    }

    [Test]
    public void Of_equals_those_that_began_last_give_way()
    {
        var ground = new Ground().With(Node("a"), Node("b"))
            .On("a", Pod("a1", 1, "2", start: "2026-01-01T00:00:00Z")).On("b", Pod("b1", 1, "2", start: "2026-01-02T00:00:00Z"));
        Assert.That(Look(ground, Pod("p", 10)), Is.EqualTo("b: b1"));
    }

    [Test]
    public void Room_that_was_made_is_kept_for_whom_it_was_made()
    {
        var ground = new Ground().With(Node("a"));
        var important = ground.Queue(Pod("important", 10, "2"));
        ground.Cluster.Nominations.Set(important, "a");
        Assert.That(ground.Answer(Pod("p", 5)), Is.EqualTo("0/1 nodes are available: 1 Insufficient cpu."));
        Assert.That(ground.Answer(Pod("q", 11)), Is.EqualTo("a"));
        Assert.That(ground.Cycle.Find(important).Node!.Name, Is.EqualTo("a"));
        Assert.That(ground.Cluster.PodCount, Is.Zero);
    }
}

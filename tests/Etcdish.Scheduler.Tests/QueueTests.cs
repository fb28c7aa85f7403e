using Etcdish.Scheduler.Cycle;
using Etcdish.Scheduler.Queueing;
using Etcdish.Testing;

namespace Etcdish.Scheduler.Tests;

/// <summary>Which pod is tried when.</summary>
public sealed class QueueTests
{
    private readonly ManualClock _clock = new();
    private Ground _ground = null!;
    private SchedulingQueue _queue = null!;

    [SetUp]
    public void Make_a_queue()
    {
        _ground = new Ground().With(Make.Node("n"));
        _queue = new SchedulingQueue(_ground.Cluster, new SchedulerOptions(), _clock);
    }

    [Test]
    public void The_important_come_first_then_those_that_wait_longest()
    {
        _queue.Set(Make.Pod("a", "'priority':1"));
        _clock.Advance(TimeSpan.FromSeconds(1));
        _queue.Set(Make.Pod("b", "'priority':1"));
        _queue.Set(Make.Pod("c", "'priority':7"));
        Assert.That(Pop(), Is.EqualTo("c"));
        Assert.That(Pop(), Is.EqualTo("a"));
        Assert.That(Pop(), Is.EqualTo("b"));
        Assert.That(Pop(), Is.Null);
    }

    [Test]
    public void Pauses_double_up_to_ten_seconds()
    {
        var pod = _queue.Set(Make.Pod("a"));
        int[] expected = [1, 2, 4, 8, 10, 10];
        foreach (var seconds in expected)
        {
            Assert.That(Pop(), Is.EqualTo("a"));
            _queue.Retry(pod);
            Assert.That(pod.BackoffUntil - pod.Since, Is.EqualTo(TimeSpan.FromSeconds(seconds)));
            Assert.That(Pop(), Is.Null, "after a failure the pause is not cut short");
            _clock.Advance(TimeSpan.FromSeconds(seconds));
        }
    }

    [Test]
    public void What_cannot_be_placed_waits_for_what_may_help()
    {
        var pod = _queue.Set(Make.Pod("a", Make.Requests("'cpu':'8'")));
        Pop();
        _queue.Park(pod, Plugin.NodeResourcesFit);
        _queue.Tell(new ClusterChange(ChangeKind.NodeTaints, Node: _ground.Cluster.Nodes.Find("n")));
        _queue.Tell(new ClusterChange(ChangeKind.NodeAllocatable, Node: _ground.Cluster.Nodes.Find("n")));
        Assert.That(Pop(), Is.Null);
        _ground.With(Make.Node("big", allocatable: "'cpu':'9','memory':'1Gi','pods':'9'"));
        _queue.Tell(new ClusterChange(ChangeKind.NodeAdded, Node: _ground.Cluster.Nodes.Find("big")));
        Assert.That(pod.Place, Is.EqualTo(QueuePlace.Backoff));
        Assert.That(Pop(), Is.EqualTo("a"), "with nothing else to do the pause is cut short");
    }

    [Test]
    public void After_five_minutes_all_are_tried_again()
    {
        var pod = _queue.Set(Make.Pod("a"));
        Pop();
        _queue.Park(pod, Plugin.NodeAffinity);
        _clock.Advance(TimeSpan.FromMinutes(4));
        _queue.FlushUnschedulable();
        Assert.That(Pop(), Is.Null);
        _clock.Advance(TimeSpan.FromMinutes(1));
        _queue.FlushUnschedulable();
        Assert.That(Pop(), Is.EqualTo("a"));
    }

    [Test]
    public void A_pod_that_goes_or_changes_is_not_tried_as_it_was()
    {
        _queue.Remove(_queue.Set(Make.Pod("a")));
        var gated = _queue.Set(Make.Pod("b", "'schedulingGates':[{'name':'g'}]"));
        Assert.That(gated.Place, Is.EqualTo(QueuePlace.Gated));
        Assert.That(Pop(), Is.Null);
        _queue.Set(Make.Pod("b"));
        Assert.That(Pop(), Is.EqualTo("b"));
        Assert.That(_ground.Cluster.Shapes.Count, Is.EqualTo(1));
    }

    [TestCase("'affinity':{'podAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':[{'topologyKey':'zone','labelSelector':{'matchLabels':{'app':'web'}}}]}}", nameof(ChangeKind.PodPlaced), ExpectedResult = true)]
    [TestCase("'affinity':{'podAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':[{'topologyKey':'zone','labelSelector':{'matchLabels':{'app':'db'}}}]}}", nameof(ChangeKind.PodPlaced), ExpectedResult = false)]
    [TestCase("'affinity':{'podAntiAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':[{'topologyKey':'zone','labelSelector':{'matchLabels':{'app':'web'}}}]}}", nameof(ChangeKind.PodPlaced), ExpectedResult = false)]
    [TestCase("'affinity':{'podAntiAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':[{'topologyKey':'zone','labelSelector':{'matchLabels':{'app':'web'}}}]}}", nameof(ChangeKind.PodRemoved), ExpectedResult = true)]
    public bool Company_that_comes_or_goes_helps_whom_it_concerns(string spec, string kind)
    {
        var pod = _ground.Queue(Make.Pod("p", spec)).Shape;
        var other = _ground.Queue(Make.Pod("o", labels: "'app':'web'")).Shape;
        return QueueingHints.MayHelp(pod, Plugin.InterPodAffinity, new ClusterChange(Enum.Parse<ChangeKind>(kind), Pod: other), _ground.Cluster);
    }

    private string? Pop() => _queue.Pop()?.Pod.Metadata.Name;
}

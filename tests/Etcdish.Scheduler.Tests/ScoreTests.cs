using Etcdish.Scheduler.Scores;

namespace Etcdish.Scheduler.Tests;

/// <summary>How good a node is for a pod.</summary>
public sealed class ScoreTests
{
    [TestCase("", "", ExpectedResult = 97)] // 100 m of 4 cores, 200 Mi of 10 Gi: (97 + 98) / 2
    [TestCase("'cpu':'1','memory':'5Gi'", "", ExpectedResult = 62)] // (75 + 50) / 2
    [TestCase("'cpu':'1','memory':'5Gi'", "'cpu':'1','memory':'2Gi'", ExpectedResult = 40)] // (50 + 30) / 2
    [TestCase("'cpu':'5'", "", ExpectedResult = 49)] // (0 + 98) / 2
    public int The_more_is_left_the_better(string requests, string there)
    {
        var (ground, node) = Node(there);
        return ResourceScores.LeastAllocated(ground.Queue(Make.Pod("p", Make.Requests(requests))).Shape, node);
    }

    [TestCase("'cpu':'2','memory':'5Gi'", "", ExpectedResult = 100)]
    [TestCase("'cpu':'4'", "", ExpectedResult = 50)]
    [TestCase("'cpu':'1','memory':'5Gi'", "", ExpectedResult = 87)]
    [TestCase("", "'cpu':'4'", ExpectedResult = 0)]
    public int The_more_alike_the_shares_the_better(string requests, string there)
    {
        var (ground, node) = Node(there);
        return ResourceScores.Balanced(ground.Queue(Make.Pod("p", Make.Requests(requests))).Shape, node);
    }

    [Test]
    public void Images_count_by_size_and_by_how_many_nodes_have_them()
    {
        const string image = "'images':[{'names':['reg.io/big:1'],'sizeBytes':1048576000}]";
        var ground = new Ground().With(Make.Node("a", status: image), Make.Node("b"), Make.Node("c", status: image), Make.Node("d"));
        var pod = Make.Pod("p", "'containers':[{'name':'c','image':'reg.io/big:1'}]");
        var shape = ground.Queue(pod).Shape;
        var images = ground.Cluster.Nodes.Images;
        Assert.That(NodeScores.Images(shape, ground.Cluster.Nodes.Find("a")!, images, 4), Is.EqualTo(48), "half of the nodes have it: (500 - 23) / (1000 - 23)");
        Assert.That(NodeScores.Images(shape, ground.Cluster.Nodes.Find("b")!, images, 4), Is.Zero);
        Assert.That(ground.Answer(pod), Is.EqualTo("a").Or.EqualTo("c"));
    }

    [Test]
    public void Unwelcome_taints_are_avoided()
    {
        var ground = new Ground().With(Make.Node("a", spec: "'taints':[{'key':'k','effect':'PreferNoSchedule'}]"), Make.Node("b"));
        for (var i = 0; i < 5; i++)
        {
            Assert.That(ground.Answer(Make.Pod($"p{i}")), Is.EqualTo("b"));
        }
    }

    [TestCase(99, ExpectedResult = 99)]
    [TestCase(150, ExpectedResult = 100)]
    [TestCase(1000, ExpectedResult = 420)]
    public int So_many_nodes_are_scored(int nodes)
    {
        var ground = new Ground().With([.. Enumerable.Range(0, nodes).Select(i => Make.Node($"n{i}"))]);
        return ground.Cycle.NodesToFind(ground.Cluster.Nodes.Order.Length);
    }

    private static (Ground Ground, Cluster.NodeState Node) Node(string there)
    {
        var ground = new Ground().With(Make.Node("n", allocatable: "'cpu':'4','memory':'10Gi','pods':'10'"));
        if (there.Length > 0)
        {
            ground.On("n", Make.Pod("there", Make.Requests(there)));
        }

        return (ground, ground.Cluster.Nodes.Find("n")!);
    }
}

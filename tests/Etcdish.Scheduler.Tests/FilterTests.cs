namespace Etcdish.Scheduler.Tests;

/// <summary>Which nodes can take a pod, and what is said of those that cannot.</summary>
public sealed class FilterTests
{
    private const string Small = "'cpu':'1','memory':'1Gi','pods':'2'";

    [TestCase("'cpu':'1'", ExpectedResult = "n")]
    [TestCase("'cpu':'1001m'", ExpectedResult = "0/1 nodes are available: 1 Insufficient cpu.")]
    [TestCase("'cpu':'2','memory':'2Gi'", ExpectedResult = "0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory.")]
    [TestCase("'example.com/gpu':'1'", ExpectedResult = "0/1 nodes are available: 1 Insufficient example.com/gpu.")]
    [TestCase("'example.com/gpu':'0'", ExpectedResult = "n")]
    [TestCase("'ephemeral-storage':'1'", ExpectedResult = "0/1 nodes are available: 1 Insufficient ephemeral-storage.")]
    public string Resources_are_held_against_what_a_node_has(string requests) =>
        new Ground().With(Make.Node("n", allocatable: Small)).Answer(Make.Pod("p", Make.Requests(requests)));

    [Test]
    public void Pods_count_too()
    {
        var ground = new Ground().With(Make.Node("n", allocatable: Small)).On("n", Make.Pod("a"), Make.Pod("b"));
        Assert.That(ground.Answer(Make.Pod("p")), Is.EqualTo("0/1 nodes are available: 1 Too many pods."));
    }

    [TestCase("'initContainers':[{'name':'i','resources':{'requests':{'cpu':'3'}}}],'containers':[{'name':'c','resources':{'requests':{'cpu':'1'}}}]", 3000)]
    [TestCase("'initContainers':[{'name':'s','restartPolicy':'Always','resources':{'requests':{'cpu':'1'}}},{'name':'i','resources':{'requests':{'cpu':'3'}}}],'containers':[{'name':'c','resources':{'requests':{'cpu':'1'}}}]", 4000)]
    [TestCase("'initContainers':[{'name':'i','resources':{'requests':{'cpu':'3'}}},{'name':'s','restartPolicy':'Always','resources':{'requests':{'cpu':'1'}}}],'containers':[{'name':'c','resources':{'requests':{'cpu':'1'}}}]", 3000)]
    [TestCase("'containers':[{'name':'c','resources':{'requests':{'cpu':'1'}}},{'name':'d','resources':{'requests':{'cpu':'2'}}}],'overhead':{'cpu':'250m'}", 3250)]
    [TestCase("'resources':{'requests':{'cpu':'5'}},'containers':[{'name':'c','resources':{'requests':{'cpu':'1'}}}]", 5000)]
    public void A_pod_asks_for_the_most_it_needs_at_once(string spec, long milliCpu) =>
        Assert.That(new Ground().Queue(Make.Pod("p", spec)).Shape.Request(0), Is.EqualTo(milliCpu));

    [TestCase("'unschedulable':true", "", ExpectedResult = "0/1 nodes are available: 1 node(s) were unschedulable.")]
    [TestCase("'unschedulable':true", "'tolerations':[{'key':'node.kubernetes.io/unschedulable','operator':'Exists','effect':'NoSchedule'}]", ExpectedResult = "n")]
    [TestCase("'taints':[{'key':'k','value':'v','effect':'NoSchedule'}]", "", ExpectedResult = "0/1 nodes are available: 1 node(s) had untolerated taint(s).")]
    [TestCase("'taints':[{'key':'k','value':'v','effect':'NoExecute'}]", "'tolerations':[{'key':'k','value':'v','effect':'NoSchedule'}]", ExpectedResult = "0/1 nodes are available: 1 node(s) had untolerated taint(s).")]
    [TestCase("'taints':[{'key':'k','value':'v','effect':'NoExecute'}]", "'tolerations':[{'key':'k','operator':'Exists'}]", ExpectedResult = "n")]
    [TestCase("'taints':[{'key':'k','value':'v','effect':'PreferNoSchedule'}]", "", ExpectedResult = "n")]
    public string Taints_are_held_against_tolerations(string node, string pod) =>
        new Ground().With(Make.Node("n", spec: node)).Answer(Make.Pod("p", pod));

    [TestCase("'nodeSelector':{'disk':'ssd'}", ExpectedResult = "a")]
    [TestCase("'nodeSelector':{'disk':'ssd','zone':'z2'}", ExpectedResult = "")]
    [TestCase("'affinity':{'nodeAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':{'nodeSelectorTerms':[{'matchExpressions':[{'key':'size','operator':'Gt','values':['5']}]}]}}}", ExpectedResult = "b")]
    [TestCase("'affinity':{'nodeAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':{'nodeSelectorTerms':[{'matchExpressions':[{'key':'disk','operator':'NotIn','values':['ssd']}]},{'matchFields':[{'key':'metadata.name','operator':'In','values':['a']}]}]}}}", ExpectedResult = "a,b,c")]
    [TestCase("'affinity':{'nodeAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':{'nodeSelectorTerms':[{'matchExpressions':[{'key':'size','operator':'Exists'},{'key':'disk','operator':'DoesNotExist'}]}]}}}", ExpectedResult = "b")]
    [TestCase("'affinity':{'nodeAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':{'nodeSelectorTerms':[{}]}}}", ExpectedResult = "")]
    public string Node_selectors_and_affinity_choose_nodes(string spec)
    {
        var ground = new Ground().With(Make.Node("a", "'disk':'ssd','zone':'z1'"), Make.Node("b", "'size':'7'"), Make.Node("c", "'disk':'hdd'"));
        return string.Join(',', ground.Fitting(Make.Pod("p", spec)));
    }

    [Test]
    public void Nodes_that_an_affinity_by_name_leaves_out_are_told_of_so()
    {
        var ground = new Ground().With(Make.Node("a", allocatable: Small), Make.Node("b"), Make.Node("c"));
        const string spec = "'affinity':{'nodeAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':{'nodeSelectorTerms':[{'matchFields':[{'key':'metadata.name','operator':'In','values':['a']}]}]}}},";
        Assert.That(
            ground.Answer(Make.Pod("p", spec + Make.Requests("'cpu':'2'"))),
            Is.EqualTo("0/3 nodes are available: 1 Insufficient cpu, 2 node(s) didn't satisfy plugin(s) [NodeAffinity]."));
    }

    [TestCase("{'containerPort':1,'hostPort':80}", ExpectedResult = false)]
    [TestCase("{'containerPort':1,'hostPort':80,'hostIP':'127.0.0.1'}", ExpectedResult = false)]
    [TestCase("{'containerPort':1,'hostPort':80,'protocol':'UDP'}", ExpectedResult = true)]
    [TestCase("{'containerPort':1,'hostPort':81,'hostIP':'127.0.0.1'}", ExpectedResult = true)]
    [TestCase("{'containerPort':1,'hostPort':443,'hostIP':'10.0.0.1'}", ExpectedResult = false)]
    [TestCase("{'containerPort':80}", ExpectedResult = true)]
    public bool Ports_of_a_node_are_taken_once(string port)
    {
        static string Spec(string ports) => "'containers':[{'name':'c','ports':[" + ports + "]}]";
        var ground = new Ground().With(Make.Node("n")).On(
            "n", Make.Pod("a", Spec("{'containerPort':80,'hostPort':80},{'containerPort':443,'hostPort':443,'hostIP':'10.0.0.1'}")));
        var answer = ground.Answer(Make.Pod("p", Spec(port)));
        Assert.That(answer, Is.EqualTo("n").Or.EqualTo("0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports."));
        return answer == "n";
    }

    [Test]
    public void What_is_said_is_sorted_and_counted()
    {
        var ground = new Ground().With(
            Make.Node("a", allocatable: Small), Make.Node("b", allocatable: Small), Make.Node("c", spec: "'unschedulable':true"),
            Make.Node("d", spec: "'taints':[{'key':'k','value':'v','effect':'NoSchedule'}]"));
        Assert.That(
            ground.Answer(Make.Pod("p", Make.Requests("'cpu':'2'"))),
            Is.EqualTo("0/4 nodes are available: 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable, 2 Insufficient cpu."));
        Assert.That(new Ground().Answer(Make.Pod("p")), Is.EqualTo("no nodes available to schedule pods"));
    }
}

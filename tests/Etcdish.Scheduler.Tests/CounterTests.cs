using Etcdish.Kubernetes.Objects;
using Etcdish.Scheduler.Cluster;

namespace Etcdish.Scheduler.Tests;

/// <summary>
/// Random clusters, in which pods and nodes come, change and go. What is kept up to date step by step must at every step answer as a
/// cluster that has just been put together, and what is placed must never be more than a node has.
/// </summary>
public sealed class CounterTests
{
    private static readonly string[] _specs =
    [
        "",
        "'topologySpreadConstraints':[{'maxSkew':1,'topologyKey':'zone','whenUnsatisfiable':'DoNotSchedule','labelSelector':{'matchLabels':{'app':'a'}}}]",
        "'topologySpreadConstraints':[{'maxSkew':2,'topologyKey':'kubernetes.io/hostname','whenUnsatisfiable':'DoNotSchedule','nodeTaintsPolicy':'Honor','labelSelector':{'matchExpressions':[{'key':'app','operator':'Exists'}]}}]",
        "'affinity':{'podAntiAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':[{'topologyKey':'zone','labelSelector':{'matchLabels':{'app':'b'}}}]}}",
        "'affinity':{'podAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':[{'topologyKey':'zone','labelSelector':{'matchLabels':{'app':'a'}}}]}}",
        "'affinity':{'podAntiAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':[{'topologyKey':'zone','namespaceSelector':{'matchLabels':{'t':'1'}},'labelSelector':{'matchLabels':{'app':'c'}}}]}}",
    ];

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(3)]
    [TestCase(4)]
    public void Step_by_step_is_as_all_at_once(int seed)
    {
        var random = new Random(seed);
        var ground = new Ground();
        Dictionary<string, Node> nodes = [];
        Dictionary<string, Pod> pods = [];
        Dictionary<string, Dictionary<string, string>> namespaces = [];
        for (var step = 0; step < 400; step++)
        {
            Change(random, ground, nodes, pods, namespaces, step);
            if (step % 5 == 0)
            {
                Compare(random, ground, nodes, pods, namespaces, $"seed {seed}, step {step}");
            }
        }

        Assert.That(pods, Is.Not.Empty);
        foreach (var node in ground.Cluster.Nodes.All.Where(n => n.Node is not null))
        {
            var milliCpu = pods.Values.Where(p => p.Spec.NodeName == node.Name).Sum(p => p.Spec.Containers.Sum(c => c.Resources.Requests!["cpu"].MilliValue));
            Assert.That(node.Requested(ResourceNames.Cpu), Is.EqualTo(milliCpu), node.Name);
            Assert.That(milliCpu, Is.LessThanOrEqualTo(4000), node.Name);
        }
    }

    private static void Change(
        Random random, Ground ground, Dictionary<string, Node> nodes, Dictionary<string, Pod> pods,
        Dictionary<string, Dictionary<string, string>> namespaces, int step)
    {
        switch (random.Next(20))
        {
            case < 3:
                var node = MakeNode(random);
                nodes[node.Metadata.Name] = node;
                ground.Cluster.SetNode(node.Metadata.Name, node);
                break;
            case 3 when nodes.Count > 4:
                var gone = nodes.Keys.Order(StringComparer.Ordinal).ElementAt(random.Next(nodes.Count));
                nodes.Remove(gone);
                ground.Cluster.SetNode(gone, null);
                break;
            case 4:
                namespaces["default"] = new() { ["t"] = $"{random.Next(2)}" };
                ground.Cluster.SetNamespace("default", namespaces["default"]);
                break;
            case < 9 when pods.Count > 0:
                var leaving = pods.Keys.Order(StringComparer.Ordinal).ElementAt(random.Next(pods.Count));
                ground.Cluster.RemovePod(ground.Cluster.Find(pods[leaving].Key)!);
                pods.Remove(leaving);
                break;
            default:
                var pod = MakePod(random, $"p{step}");
                if (ground.Place(pod) is not null)
                {
                    pods[pod.Metadata.Name] = pod;
                }

                break;
        }
    }

    private static void Compare(
        Random random, Ground ground, Dictionary<string, Node> nodes, Dictionary<string, Pod> pods,
        Dictionary<string, Dictionary<string, string>> namespaces, string where)
    {
        var fresh = new Ground().With([.. nodes.Values]);
        foreach (var (ns, labels) in namespaces)
        {
            fresh.Cluster.SetNamespace(ns, labels);
        }

        foreach (var pod in pods.Values)
        {
            fresh.On(pod.Spec.NodeName, pod);
        }

        for (var i = 0; i < 4; i++)
        {
            var probe = MakePod(random, "probe");
            Assert.That(ground.Fitting(probe), Is.EqualTo(fresh.Fitting(probe)), where);
        }
    }

    private static Node MakeNode(Random random)
    {
        var zone = random.Next(4);
        return Make.Node(
            $"n{random.Next(12)}", zone == 3 ? "" : $"'zone':'z{zone}'",
            random.Next(4) == 0 ? "'taints':[{'key':'k','effect':'NoSchedule'}]" : "");
    }

    private static Pod MakePod(Random random, string name)
    {
        var spec = _specs[random.Next(_specs.Length)];
        return Make.Pod(
            name, Make.Requests($"'cpu':'{random.Next(1, 9) * 100}m'") + (spec.Length > 0 ? "," + spec : ""), $"'app':'{"abc"[random.Next(3)]}'");
    }
}

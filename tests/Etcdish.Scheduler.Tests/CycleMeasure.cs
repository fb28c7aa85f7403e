using System.Diagnostics;

namespace Etcdish.Scheduler.Tests;

/// <summary>How fast decisions are, without an API. To be run by hand.</summary>
[Explicit]
public sealed class CycleMeasure
{
    private const string Label = "'app':'web'";

    [TestCase("plain", "")]
    [TestCase("default spread", "service")]
    [TestCase("spread", "'topologySpreadConstraints':[{'maxSkew':5,'topologyKey':'topology.kubernetes.io/zone','whenUnsatisfiable':'DoNotSchedule','labelSelector':{'matchLabels':{'app':'web'}}},{'maxSkew':5,'topologyKey':'kubernetes.io/hostname','whenUnsatisfiable':'ScheduleAnyway','labelSelector':{'matchLabels':{'app':'web'}}}]")]
    [TestCase("spread and anti-affinity", "'topologySpreadConstraints':[{'maxSkew':5,'topologyKey':'topology.kubernetes.io/zone','whenUnsatisfiable':'DoNotSchedule','labelSelector':{'matchLabels':{'app':'web'}}}],'affinity':{'podAntiAffinity':{'preferredDuringSchedulingIgnoredDuringExecution':[{'weight':50,'podAffinityTerm':{'topologyKey':'kubernetes.io/hostname','labelSelector':{'matchLabels':{'app':'web'}}}}],'requiredDuringSchedulingIgnoredDuringExecution':[{'topologyKey':'kubernetes.io/hostname','labelSelector':{'matchLabels':{'app':'none'}}}]}}")]
    public void Pods_a_second_on_5000_nodes(string name, string spec)
    {
        var ground = new Ground().With(
        [
            .. Enumerable.Range(0, 5000).Select(i => Make.Node(
                $"n{i}", $"'topology.kubernetes.io/zone':'z{i % 3}'", allocatable: "'cpu':'32','memory':'256Gi','pods':'110'")),
        ]);
        if (spec == "service")
        {
            ground.Cluster.Owners.Set(
                new Etcdish.Kubernetes.Objects.ObjectKey("default", "web"),
                new Kinds.ServiceFacts { Spec = new Kinds.ServiceSpecFacts { Selector = new() { ["app"] = "web" } } });
            spec = "";
        }

        var pods = Enumerable.Range(0, 30000)
            .Select(i => Make.Pod($"p{i}", Make.Requests("'cpu':'100m','memory':'200Mi'") + (spec.Length > 0 ? "," + spec : ""), Label)).ToArray();
        var queued = pods.Select(ground.Queue).ToArray();
        var bytes = GC.GetAllocatedBytesForCurrentThread();
        var watch = Stopwatch.StartNew();
        foreach (var pod in queued)
        {
            var placement = ground.Cycle.Find(pod);
            Assert.That(placement.Node, Is.Not.Null);
            ground.Cluster.Assume(pod.Pod, pod.Shape, placement.Node!);
        }

        watch.Stop();
        TestContext.Out.WriteLine(
            $"{name}: {pods.Length / watch.Elapsed.TotalSeconds:F0} pods/s, {(GC.GetAllocatedBytesForCurrentThread() - bytes) / pods.Length} bytes a pod");
    }
}

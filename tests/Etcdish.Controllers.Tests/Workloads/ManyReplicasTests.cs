using System.Diagnostics;
using Etcdish.ClusterBench;
using Etcdish.Controllers.Workloads;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Tests.Workloads;

/// <summary>How long many pods take. To be asked for: it measures.</summary>
[Explicit("a measurement")]
public sealed class ManyReplicasTests
{
    [TestCase(1_000)]
    [TestCase(10_000)]
    public async Task A_deployment_of_many_pods(int replicas)
    {
        await using var bench = await ControlBench.StartAsync();
        bench.Add(new DeploymentController(bench.Context));
        bench.Add(new ReplicaSetController(bench.Context));
        bench.Add(new InstantKubelet(bench.Context), 16);
        await bench.RunAsync();
        var watch = Stopwatch.StartNew();
        var before = Process.GetCurrentProcess().TotalProcessorTime;
        await bench.CreateAsync(
            Resources.Deployments,
            "default",
            "{'metadata':{'name':'web'},'spec':{'replicas':" + replicas + ",'selector':{'matchLabels':{'app':'web'}},"
            + "'template':{'metadata':{'labels':{'app':'web'}},'spec':{'containers':[{'name':'c','image':'i:1'}]}}}}");
        await bench.WaitAsync(Resources.ReplicaSets, "default", all => all.Count == 1 && all[0].Status.Replicas == replicas);
        var created = watch.Elapsed;
        await bench.WaitAsync(Resources.Deployments, "default", all => all[0].Status.AvailableReplicas == replicas);
        var cpu = Process.GetCurrentProcess().TotalProcessorTime - before;
        await TestContext.Out.WriteLineAsync(
            $"{replicas}: created in {created.TotalSeconds:F2} s, available in {watch.Elapsed.TotalSeconds:F2} s, {cpu.TotalSeconds:F1} s of CPU");
        Assert.That(bench.Warnings, Is.Empty);
    }
}

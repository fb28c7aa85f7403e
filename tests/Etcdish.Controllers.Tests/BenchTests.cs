using Etcdish.ClusterBench;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Tests;

/// <summary>The ground that the tests of controllers stand on.</summary>
public sealed class BenchTests
{
    [Test]
    public async Task A_pod_runs_and_goes()
    {
        await using var bench = await ControlBench.StartAsync();
        bench.Add(new InstantKubelet(bench.Context));
        await bench.RunAsync();
        await bench.CreateAsync(Resources.Pods, "default", "{'metadata':{'name':'a'},'spec':{'containers':[{'name':'c','image':'i'}]}}");
        await bench.WaitAsync(Resources.Pods, "default", pods => pods is [{ IsReady: true }]);
        await bench.Client.DeleteAsync(Resources.Pods, "default", "a", null, CancellationToken.None);
        await bench.WaitAsync(Resources.Pods, "default", pods => pods.Count == 0);
    }
}

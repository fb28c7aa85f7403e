using System.Text.Json.Nodes;
using Etcdish.ClusterBench;
using Etcdish.Kubelet.Simulated;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Kubelet.Tests;

/// <summary>
/// Nodes whose requests are lost, answered late or refused, and whose watches break, still run all pods and none that is gone.
/// </summary>
public sealed class FlakyClusterTests
{
    [TestCase(1)]
    [TestCase(2)]
    [TestCase(3)]
    public async Task All_comes_to_rest_as_it_should(int seed)
    {
        await using var bench = await ControlBench.StartAsync();
        FlakyHandler faults = null!;
        using var client = bench.Connect(inner => faults = new FlakyHandler(inner, seed));
        var context = bench.MakeContext(TimeProvider.System, client);
        using var nodes = new SimulatedNodes(context, new SimulatedNodesOptions { Count = 3 });
        using var stop = new CancellationTokenSource();
        var running = nodes.RunAsync(stop.Token);
        await Parallel.ForEachAsync(Enumerable.Range(0, 90), async (number, _) => await RunPodAsync(bench.Client, number));
        await bench.WaitAsync(Resources.Pods, "default", pods => pods.Count(pod => pod.IsReady) >= 40, Describe);
        faults.IsCalm = true;
        var pods = await bench.WaitAsync(Resources.Pods, "default", pods => pods.Count == 60 && pods.All(pod => pod.IsReady), Describe);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(faults.Faults, Is.GreaterThan(5), $"seed {seed}");
            Assert.That(pods.Select(pod => pod.Status.PodIp), Is.Unique, $"seed {seed}");
            Assert.That(
                () => context.Informers.Of(Resources.Pods).All.Select(pod => pod.Metadata.Uid),
                Is.EquivalentTo(pods.Select(pod => pod.Metadata.Uid)).After(20_000, 10),
                $"seed {seed}");
        }

        await stop.CancelAsync();
        await running;
        await context.Informers.DisposeAsync();
        await context.Events.DisposeAsync();
    }

    private static string Describe(Pod pod) => $"{pod} {pod.Status.Phase} ready: {pod.IsReady} deleted: {pod.Metadata.IsBeingDeleted}";

    /// <summary>Creates and binds a pod; every third one is deleted.</summary>
    private static async Task RunPodAsync(KubernetesClient client, int number)
    {
        var pod = JsonNode.Parse($$$"""{"metadata":{"name":"p{{{number}}}"},"spec":{"containers":[{"name":"c","image":"i"}]}}""");
        await client.SendAsync(HttpMethod.Post, Resources.Pods.Path("default"), pod, null, CancellationToken.None);
        var binding = JsonNode.Parse(
            $$$"""{"metadata":{"name":"p{{{number}}}"},"target":{"kind":"Node","name":"node-{{{number % 3}}}"}}""");
        var path = Resources.Pods.Path("default", $"p{number}", "binding");
        await client.SendAsync(HttpMethod.Post, path, binding, null, CancellationToken.None);
        if (number % 3 == 0)
        {
            await client.DeleteAsync(Resources.Pods, "default", $"p{number}", null, CancellationToken.None);
        }
    }
}

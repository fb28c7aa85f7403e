using System.Diagnostics;
using System.Text.Json;
using Etcdish.ApiLoad.Http;
using Etcdish.ApiLoad.Rows;
using Etcdish.ApiLoad.Running;

namespace Etcdish.ApiLoad.Cluster;

/// <summary>A Deployment of 10,000 replicas: from the request that creates it until its status says that all are ready.</summary>
internal sealed class DeploymentRow : IRow
{
    private const int Replicas = 10_000;
    private const double MaxSeconds = 15;
    private const string Path = "/apis/apps/v1/namespaces/default/deployments";

    public string Name => "deployment";

    public async Task<IReadOnlyList<Figure>> MeasureAsync(UpServer server, CancellationToken cancellation)
    {
        SimulatedCluster cluster = new(server, SimulatedCluster.Nodes);
        await cluster.StartAsync(cancellation);
        await cluster.WaitForNodesAsync(cancellation);
        double cpu = server.Usage.CpuSeconds;
        await using WatchReader watch = await WatchReader.OpenAsync(
            await server.ConnectAsync(cancellation), Path + "?watch=true", cancellation);
        long begun = Stopwatch.GetTimestamp();
        await cluster.CreateAsync(Path, PodTexts.Deployment("big", Replicas), cancellation);
        Task<double>[] steps =
        [
            TimeAsync(cluster, "metadata.name!=", begun, cancellation), TimeAsync(cluster, "spec.nodeName!=", begun, cancellation),
        ];
        await WaitUntilReadyAsync(watch, Replicas, cancellation);
        double seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        return
        [
            new Figure(
                Name,
                seconds,
                "s until all are ready",
                MaxSeconds,
                false,
                $"{Replicas} replicas on {SimulatedCluster.Nodes} nodes; created after {await steps[0]:N1} s, "
                + $"bound after {await steps[1]:N1} s; {server.Usage.CpuSeconds - cpu:N1} s of CPU, "
                + $"{server.Usage.ResidentBytes >> 20} MiB resident"),
        ];
    }

    private static async Task<double> TimeAsync(SimulatedCluster cluster, string selector, long begun, CancellationToken cancellation)
    {
        await using PodCounter pods = await cluster.CountPodsAsync(selector, cancellation);
        await pods.WaitAsync(Replicas, cancellation);
        return Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }

    /// <summary>Waits until a Deployment that is watched says that so many replicas are ready.</summary>
    public static async Task WaitUntilReadyAsync(WatchReader watch, int replicas, CancellationToken cancellation)
    {
        int ready = 0;
        while (ready < replicas)
        {
            await watch.ReadAsync(
                line =>
                {
                    using JsonDocument document = JsonDocument.Parse(line.ToArray());
                    ready = document.RootElement.GetProperty("object").TryGetProperty("status", out JsonElement status)
                        && status.TryGetProperty("readyReplicas", out JsonElement count) ? count.GetInt32() : 0;
                },
                cancellation);
        }
    }
}

using System.Diagnostics;
using Etcdish.ApiLoad.Http;
using Etcdish.ApiLoad.Rows;
using Etcdish.ApiLoad.Running;
using Etcdish.Load.Measuring;

namespace Etcdish.ApiLoad.Cluster;

/// <summary>
/// 50,000 running pods on 5,000 nodes: how long a start takes until a new Deployment has its pod on a node, and what controllers and
/// scheduler use, in processes of their own, when nothing happens but that nodes say that they are there.
/// </summary>
internal sealed class StandingRow : IRow
{
    private const int Pods = 50_000;
    private const double MaxStartSeconds = 5;
    private const double MaxCpuPercent = 2;
    private const string Deployments = "/apis/apps/v1/namespaces/default/deployments";

    private static readonly TimeSpan _settling = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan _idle = TimeSpan.FromSeconds(20);

    public string Name => "standing";

    public async Task<IReadOnlyList<Figure>> MeasureAsync(UpServer server, CancellationToken cancellation)
    {
        SimulatedCluster cluster = new(server, SimulatedCluster.Nodes);
        await cluster.StartAsync(cancellation);
        await cluster.WaitForNodesAsync(cancellation);
        await cluster.CreatePodsAsync(
            Pods, number => PodTexts.BoundPod(number, $"node-{number % SimulatedCluster.Nodes}"), cancellation);
        await using (PodCounter running = await cluster.CountPodsAsync("status.phase=Running", cancellation))
        {
            await running.WaitAsync(Pods, cancellation);
        }

        server.Stop();
        Figure start = await StartAsync(cluster, cancellation);
        server.Stop();
        return [start, await IdleAsync(cluster, cancellation)];
    }

    private static async Task<Figure> StartAsync(SimulatedCluster cluster, CancellationToken cancellation)
    {
        long begun = Stopwatch.GetTimestamp();
        double ready = (await cluster.StartAsync(cancellation)).TotalSeconds;
        await cluster.CreateAsync(Deployments, PodTexts.Deployment("first", 1), cancellation);
        await using WatchReader watch = await WatchReader.OpenAsync(
            await cluster.Server.ConnectAsync(cancellation), "/api/v1/pods?watch=true&labelSelector=app%3Dfirst", cancellation);
        bool isBound = false;
        while (!isBound)
        {
            await watch.ReadAsync(line => isBound |= line.IndexOf("\"nodeName\":\""u8) >= 0, cancellation);
        }

        ProcessUsage usage = cluster.Server.Usage;
        return new Figure(
            "start",
            Stopwatch.GetElapsedTime(begun).TotalSeconds,
            "s to a pod's binding",
            MaxStartSeconds,
            false,
            $"{Pods} pods on {SimulatedCluster.Nodes} nodes in the store; kill -9 before; {ready:N2} s to /readyz, then a new Deployment's first pod; "
            + $"{usage.CpuSeconds:N1} s of CPU, {usage.ResidentBytes >> 20} MiB resident");
    }

    private static async Task<Figure> IdleAsync(SimulatedCluster cluster, CancellationToken cancellation)
    {
        await cluster.Server.StartAsync("apiserver", [], cancellation);
        cluster.Server.Run("kubelet", ["--fake", "--nodes", $"{SimulatedCluster.Nodes}", .. cluster.NodeOptions]);
        Process controllers = cluster.Server.Run("controller-manager");
        Process scheduler = cluster.Server.Run("scheduler");
        await Task.Delay(_settling, cancellation);
        double controlling = ProcessUsage.Of(controllers.Id).CpuSeconds, scheduling = ProcessUsage.Of(scheduler.Id).CpuSeconds;
        double serving = cluster.Server.Usage.CpuSeconds;
        await Task.Delay(_idle, cancellation);
        ProcessUsage controllersNow = ProcessUsage.Of(controllers.Id), schedulerNow = ProcessUsage.Of(scheduler.Id);
        controlling = Percent(controllersNow.CpuSeconds - controlling);
        scheduling = Percent(schedulerNow.CpuSeconds - scheduling);
        return new Figure(
            "idle",
            controlling,
            "% of a core",
            MaxCpuPercent,
            false,
            $"{_idle.TotalSeconds:N0} s of {Pods} pods on {SimulatedCluster.Nodes} nodes; controller-manager {controlling:N2} %, "
            + $"{controllersNow.ResidentBytes >> 20} MiB; scheduler {scheduling:N2} %, {schedulerNow.ResidentBytes >> 20} MiB; "
            + $"apiserver {Percent(cluster.Server.Usage.CpuSeconds - serving):N0} %");
    }

    private static double Percent(double seconds) => seconds / _idle.TotalSeconds * 100;
}

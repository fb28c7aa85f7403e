using System.Diagnostics;
using Etcdish.ApiLoad.Rows;
using Etcdish.ApiLoad.Running;

namespace Etcdish.ApiLoad.Cluster;

/// <summary>
/// A backlog of pods, created while there is no scheduler; then the cluster is started again with one, and its bindings are watched. So the
/// scheduler starts cold, and shares the machine with nodes that register and run what they are given.
/// </summary>
internal sealed class ScheduleRow(string name, PodKind kind, double minPerSecond, int[] backlogs) : IRow
{
    // Of the rate behind the first fifth it is said how it goes on once code is compiled.
    private const double WarmUpShare = 0.2;

    public string Name => name;

    public async Task<IReadOnlyList<Figure>> MeasureAsync(UpServer server, CancellationToken cancellation)
    {
        List<Figure> figures = [];
        foreach (int pods in backlogs)
        {
            using UpServer another = server.Beside($"{pods}");
            figures.Add((await MeasureAsync(another, SimulatedCluster.Nodes, pods, cancellation)).Figure);
        }

        return figures;
    }

    /// <summary>One backlog.</summary>
    public async Task<(Figure Figure, double WarmPerSecond)> MeasureAsync(
        UpServer server, int nodes, int pods, CancellationToken cancellation)
    {
        SimulatedCluster cluster = new(server, nodes);
        await cluster.StartAsync(withScheduler: false, cancellation);
        await cluster.WaitForNodesAsync(cancellation);
        long begun = Stopwatch.GetTimestamp();
        await cluster.CreatePodsAsync(pods, number => PodTexts.Pod(kind, number), cancellation);
        double created = pods / Stopwatch.GetElapsedTime(begun).TotalSeconds;
        server.Stop();

        await cluster.StartAsync(withScheduler: true, cancellation);
        await using PodCounter bound = await cluster.CountPodsAsync("spec.nodeName!=", cancellation);
        await bound.WaitAsync(pods, cancellation);
        double warm = bound.PerSecondFrom(WarmUpShare);
        string detail = $"{pods} pods on {nodes} nodes; {warm:N0}/s behind the first fifth; created {created:N0}/s; "
            + $"{server.Usage.CpuSeconds:N1} s of CPU since the start, {server.Usage.ResidentBytes >> 20} MiB resident";
        return (new Figure(Name, bound.PerSecond, "bound pods/s", minPerSecond, true, detail), warm);
    }
}

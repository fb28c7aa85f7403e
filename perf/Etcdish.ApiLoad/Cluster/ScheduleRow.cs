using System.Diagnostics;
using Etcdish.ApiLoad.Rows;
using Etcdish.ApiLoad.Running;

namespace Etcdish.ApiLoad.Cluster;

/// <summary>
/// A backlog of pods, created while another candidate has the scheduler's lease; then it gives the lease up, and the scheduler's bindings are
/// watched. Pods take some time to start, so that nodes do not write while bindings are counted.
/// </summary>
internal sealed class ScheduleRow(string name, PodKind kind, double minPerSecond, int[] backlogs) : IRow
{
    // Of the rate behind the first fifth it is said how it goes on once code is compiled.
    private const double WarmUpShare = 0.2;

    // What the backlog left to do: events, collections.
    private static readonly TimeSpan _settling = TimeSpan.FromSeconds(3);

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
        await cluster.HoldSchedulerAsync(cancellation);
        await cluster.StartAsync(cancellation, "--pod-start-latency", "120s");
        await cluster.WaitForNodesAsync(cancellation);
        long begun = Stopwatch.GetTimestamp();
        await cluster.CreatePodsAsync(pods, number => PodTexts.Pod(kind, number), cancellation);
        double created = pods / Stopwatch.GetElapsedTime(begun).TotalSeconds;

        await using PodCounter bound = await cluster.CountPodsAsync("spec.nodeName!=", cancellation);
        await Task.Delay(_settling, cancellation);
        double cpu = server.Usage.CpuSeconds;
        await cluster.ReleaseSchedulerAsync(cancellation);
        await bound.WaitAsync(pods, cancellation);
        cpu = (server.Usage.CpuSeconds - cpu) / pods * 1e6;
        double warm = bound.PerSecondFrom(WarmUpShare);
        string detail = $"{pods} pods on {nodes} nodes; {warm:N0}/s behind the first fifth; created {created:N0}/s; "
            + $"{cpu:N0} µs of CPU a binding, {server.Usage.ResidentBytes >> 20} MiB resident";
        return (new Figure(Name, bound.PerSecond, "bound pods/s", minPerSecond, true, detail), warm);
    }
}

using System.Diagnostics;
using Etcdish.ApiLoad.Rows;
using Etcdish.ApiLoad.Running;

namespace Etcdish.ApiLoad.Cluster;

/// <summary>Plain pods that are scheduled while they are created: from the first creation to the last pod that runs.</summary>
internal sealed class ScheduleNewRow : IRow
{
    private const int Pods = 10_000;

    public string Name => "schedule-new";

    public async Task<IReadOnlyList<Figure>> MeasureAsync(UpServer server, CancellationToken cancellation)
    {
        SimulatedCluster cluster = new(server, SimulatedCluster.Nodes);
        await cluster.StartAsync(cancellation);
        await cluster.WaitForNodesAsync(cancellation);
        await using PodCounter bound = await cluster.CountPodsAsync("spec.nodeName!=", cancellation);
        long begun = Stopwatch.GetTimestamp();
        Task watching = bound.WaitAsync(Pods, cancellation);
        await cluster.CreatePodsAsync(Pods, number => PodTexts.Pod(PodKind.Plain, number), cancellation);
        double created = Pods / Stopwatch.GetElapsedTime(begun).TotalSeconds;
        await watching;
        return
        [
            new Figure(
                Name,
                Pods / Stopwatch.GetElapsedTime(begun).TotalSeconds,
                "pods/s",
                null,
                true,
                $"{Pods} pods, from the first creation to the last binding; created {created:N0}/s"),
        ];
    }
}

using System.CommandLine;
using Etcdish.ApiLoad.Rows;

namespace Etcdish.ApiLoad.Cluster;

/// <summary>api-load cluster: the rows of scheduler and controllers.</summary>
internal static class ClusterCommand
{
    private const double MinPlain = 5000;
    private const double MinSpread = 2000;

    public static ScheduleRow Plain { get; } = new("schedule-plain", PodKind.Plain, MinPlain, [10_000, 50_000]);

    public static ScheduleRow Spread { get; } = new("schedule-spread", PodKind.Spread, MinSpread, [10_000]);

    public static Command Create() => RowCommand.Create(
        "cluster",
        $"Measure scheduler and controllers with {SimulatedCluster.Nodes} simulated nodes in the same process.",
        [Plain, Spread, new ScheduleNewRow(), new DeploymentRow(), new StandingRow()]);
}

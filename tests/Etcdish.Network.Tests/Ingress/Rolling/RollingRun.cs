using System.Diagnostics;

namespace Etcdish.Network.Tests.Ingress.Rolling;

/// <summary>What came of a load under which deployments were rolled.</summary>
/// <param name="Sent">How many requests were answered, well or not.</param>
/// <param name="Failed">How many were not answered as they should.</param>
/// <param name="Rollouts">How often all pods of a deployment were replaced.</param>
/// <param name="EndedPods">How many pods have ended.</param>
/// <param name="Elapsed">How long it took.</param>
/// <param name="Failures">What happened to the first that failed.</param>
/// <param name="Kinds">How many there were of each kind, and how long they took.</param>
internal sealed record RollingReport(
    int Sent, int Failed, int Rollouts, int EndedPods, TimeSpan Elapsed, IReadOnlyList<string> Failures, IReadOnlyList<string> Kinds);

/// <summary>Rolls deployments while requests go to their pods through an ingress.</summary>
internal static class RollingRun
{
    /// <summary>Rolls both deployments by turns until all requests are sent.</summary>
    /// <param name="requests">How many requests.</param>
    /// <param name="between">How many requests there are between two rollouts of a deployment, at least.</param>
    /// <param name="endOfWeb">How pods end that get more than GETs.</param>
    /// <param name="cancellation">Breaks off.</param>
    public static async Task<RollingReport> RunAsync(int requests, int between, PodEnd endOfWeb, CancellationToken cancellation)
    {
        await using var cluster = await RollingCluster.StartAsync(endOfWeb);
        var load = new RollingLoad(cluster.Ingress, requests);
        var began = Stopwatch.GetTimestamp();
        var sending = load.RunAsync(cancellation);
        var (turn, goal) = (0, 0);
        while (!sending.IsCompleted)
        {
            if (load.Sent >= goal)
            {
                goal = load.Sent + (between / 2);
                await cluster.RollAsync(turn++ % 2 == 0 ? RollingCluster.Web : RollingCluster.Brisk);
            }
            else
            {
                await Task.WhenAny(sending, Task.Delay(TimeSpan.FromMilliseconds(5), cancellation));
            }
        }

        await sending;
        return new RollingReport(
            load.Sent, load.Failed, cluster.Rollouts, cluster.EndedPods, Stopwatch.GetElapsedTime(began), load.Failures, load.Kinds);
    }
}

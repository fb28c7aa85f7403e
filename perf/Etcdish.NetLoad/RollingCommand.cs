using System.CommandLine;
using System.Globalization;
using Etcdish.Network.Tests.Ingress.Rolling;

namespace Etcdish.NetLoad;

/// <summary>The load of the test of rolling updates, at any length.</summary>
internal static class RollingCommand
{
    /// <summary>The command.</summary>
    public static Command Command()
    {
        var requests = new Option<int>("--requests") { Description = "Requests in all.", DefaultValueFactory = _ => 100_000 };
        var between = new Option<int>("--between")
        {
            Description = "Requests between two rollouts of a deployment, at least.",
            DefaultValueFactory = _ => 5_000,
        };
        var end = new Option<PodEnd>("--end")
        {
            Description = "How pods end that get requests with bodies; Killed shows that failures are seen.",
            DefaultValueFactory = _ => PodEnd.AfterAWhile,
        };
        var command = new Command("rolling", "Requests that fail while deployments are rolled behind the ingress.")
        {
            requests, between, end,
        };
        command.SetAction((parsed, cancellation) => RunAsync(
            parsed.GetValue(requests), parsed.GetValue(between), parsed.GetValue(end), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(int requests, int between, PodEnd end, CancellationToken cancellation)
    {
        var report = await RollingRun.RunAsync(requests, between, end, cancellation);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{report.Failed} of {report.Sent} requests failed in {report.Elapsed.TotalSeconds:0.0} s, "
            + $"{report.Rollouts} rollouts, {report.EndedPods} pods ended"));
        foreach (var line in report.Kinds.Concat(report.Failures))
        {
            Console.WriteLine(line);
        }

        return report.Failed == 0 && report.Sent == requests ? 0 : 1;
    }
}

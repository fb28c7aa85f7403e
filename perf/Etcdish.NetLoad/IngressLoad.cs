using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Etcdish.Testing;

namespace Etcdish.NetLoad;

/// <summary>
/// Requests per second through the ingress controller and through nginx, in turns, in one run: small and large answers from one fast
/// endpoint, over HTTP/1.1 and over HTTP/2 with TLS.
/// </summary>
internal static partial class IngressLoad
{
    /// <summary>How many small answers take about as long as a large one.</summary>
    private const int SmallsInLarge = 50;

    /// <summary>The command.</summary>
    public static Command Command()
    {
        var requests = new Option<int>("--requests") { Description = "Requests a turn.", DefaultValueFactory = _ => 50_000 };
        var turns = new Option<int>("--turns") { Description = "Turns each; the median counts.", DefaultValueFactory = _ => 3 };
        var command = new Command("ingress", "The ingress controller against nginx, on this machine.") { requests, turns };
        command.SetAction((parsed, cancellation) => RunAsync(parsed.GetValue(requests), parsed.GetValue(turns), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(int requests, int turns, CancellationToken cancellation)
    {
        var h2load = Tools.Require("h2load", "apt-get install nghttp2-client");
        using var nginx = NginxProxy.Start();
        await nginx.WaitAsync(cancellation);
        await using var ours = await IngressUnderLoad.StartAsync(nginx.EndpointPort);
        Way[] ways =
        [
            new("h1", IsTls: false, ["--h1", "-c", "64"]),
            new("h1 + TLS", IsTls: true, ["--h1", "-c", "64"]),
            new("h2 + TLS", IsTls: true, ["-c", "16", "-m", "16"]),
            new("h1, 1 MiB", IsTls: false, ["--h1", "-c", "16"], NginxProxy.LargePath),
            new("h2, 1 MiB", IsTls: true, ["-c", "4", "-m", "4", "-W", "24", "-w", "22"], NginxProxy.LargePath),
        ];
        using var self = Process.GetCurrentProcess();
        foreach (var way in ways)
        {
            var count = way.Path == "/" ? requests : Math.Max(requests / SmallsInLarge, 1);
            var (mine, theirs, cpu) = (new List<double>(), new List<double>(), TimeSpan.Zero);
            await MeasureAsync(h2load, way, way.IsTls ? ours.HttpsPort : ours.HttpPort, count, cancellation);
            for (var turn = 0; turn < turns; turn++)
            {
                self.Refresh();
                cpu -= self.TotalProcessorTime;
                mine.Add(await MeasureAsync(h2load, way, way.IsTls ? ours.HttpsPort : ours.HttpPort, count, cancellation));
                self.Refresh();
                cpu += self.TotalProcessorTime;
                theirs.Add(await MeasureAsync(h2load, way, way.IsTls ? nginx.HttpsPort : nginx.HttpPort, count, cancellation));
            }

            var (a, b) = (Median(mine), Median(theirs));
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{way.Name,-10} ours {a,8:0}/s ({cpu.TotalMicroseconds / turns / count,6:0.0} us of CPU each)"
                + $"   nginx {b,8:0}/s   {a / b:0.00}x"));
        }

        return 0;
    }

    private static async Task<double> MeasureAsync(string h2load, Way way, int port, int requests, CancellationToken cancellation)
    {
        var url = $"{(way.IsTls ? "https" : "http")}://{IPAddress.Loopback}:{port}{way.Path}";
        using var load = ChildProcess.Start(h2load, [.. way.Arguments, "-n", requests.ToString(CultureInfo.InvariantCulture), url]);
        while (!load.HasExited)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), cancellation);
        }

        var text = load.StandardOutput.Text;
        var succeeded = int.Parse(Succeeded().Match(text).Groups[1].Value, CultureInfo.InvariantCulture);
        return succeeded == requests
            ? double.Parse(Rate().Match(text).Groups[1].Value, CultureInfo.InvariantCulture)
            : throw new InvalidOperationException($"{requests - succeeded} requests failed:\n{text}");
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    [GeneratedRegex(@"finished in .*?, ([\d.]+) req/s")]
    private static partial Regex Rate();

    [GeneratedRegex(@"status codes: (\d+) 2xx")]
    private static partial Regex Succeeded();

    private sealed record Way(string Name, bool IsTls, string[] Arguments, string Path = "/");
}

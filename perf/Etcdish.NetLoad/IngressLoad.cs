using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Etcdish.Testing;

namespace Etcdish.NetLoad;

/// <summary>
/// Requests per second through the ingress controller and through nginx, in turns, in one run: small answers from one fast endpoint, over
/// HTTP/1.1 and over HTTP/2 with TLS.
/// </summary>
internal static partial class IngressLoad
{
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
        (string Name, string[] Arguments)[] ways =
        [
            ("h1", ["--h1", "-c", "64"]),
            ("h1 + TLS", ["--h1", "-c", "64"]),
            ("h2 + TLS", ["-c", "16", "-m", "16"]),
        ];
        foreach (var (name, arguments) in ways)
        {
            var isTls = name != "h1";
            var (mine, theirs) = (new List<double>(), new List<double>());
            await MeasureAsync(h2load, arguments, isTls, isTls ? ours.HttpsPort : ours.HttpPort, requests, cancellation);
            for (var turn = 0; turn < turns; turn++)
            {
                mine.Add(await MeasureAsync(h2load, arguments, isTls, isTls ? ours.HttpsPort : ours.HttpPort, requests, cancellation));
                theirs.Add(await MeasureAsync(h2load, arguments, isTls, isTls ? nginx.HttpsPort : nginx.HttpPort, requests, cancellation));
            }

            var (a, b) = (Median(mine), Median(theirs));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-10} ours {a,8:0}/s   nginx {b,8:0}/s   {a / b:0.00}x"));
        }

        return 0;
    }

    private static async Task<double> MeasureAsync(
        string h2load, string[] arguments, bool isTls, int port, int requests, CancellationToken cancellation)
    {
        var url = $"{(isTls ? "https" : "http")}://{IPAddress.Loopback}:{port}/";
        using var load = ChildProcess.Start(h2load, [.. arguments, "-n", requests.ToString(CultureInfo.InvariantCulture), url]);
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
}

using System.CommandLine;
using System.Diagnostics;
using System.Net;
using System.Text;
using Etcdish.Network.Nftables;
using Etcdish.Network.Services;
using Etcdish.Testing;

namespace Etcdish.NetLoad;

/// <summary>The service proxy's tables in a network namespace of their own: how long the first sync takes, and how long a change.</summary>
internal static class ServiceLoad
{
    public static Command Command()
    {
        var services = new Option<int>("--services") { DefaultValueFactory = _ => 10_000, Description = "How many services." };
        var endpoints = new Option<int>("--endpoints") { DefaultValueFactory = _ => 2, Description = "How many endpoints each has." };
        var changes = new Option<int>("--changes") { DefaultValueFactory = _ => 20, Description = "How many changes are measured." };
        var command = new Command("services", "Measure syncs of the service proxy with many services. Needs root, ip and nft.")
        {
            services, endpoints, changes,
        };
        command.SetAction((parsed, cancellation) => RunAsync(
            parsed.GetValue(services), parsed.GetValue(endpoints), parsed.GetValue(changes), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(int services, int endpoints, int changes, CancellationToken cancellation)
    {
        var ns = $"etcdish-load-{Environment.ProcessId}";
        Ip($"netns add {ns}");
        try
        {
            var nft = new CountingNft(new NftProgram("ip", "netns", "exec", ns, "nft"));
            var sync = new NftSync(nft, [NftFamily.V4]);
            sync.Take(new NodeNetwork([IPAddress.Parse("192.0.2.1")], ["10.128.0.0/9"], ["10.96.0.0/16"]));
            ServiceRoute[] routes = [.. Enumerable.Range(0, services).Select(i => Make(i, endpoints, 0))];

            await ReportAsync("first sync", nft, () => sync.Take(routes.Select(r => new RouteChange(r.Key, null, r))), sync, cancellation);
            List<double> times = [];
            for (var i = 0; i < changes; i++)
            {
                var at = i * 37 % services;
                var now = Make(at, endpoints, generation: 1);
                var change = new RouteChange(now.Key, routes[at], now);
                routes[at] = now;
                times.Add(await ReportAsync($"one endpoint of {services * endpoints}", nft, () => sync.Take([change]), sync, cancellation));
                await sync.SyncAsync(cancellation);
            }

            times.Sort();
            Console.WriteLine($"one-endpoint change: median {times[times.Count / 2]:0} ms, worst {times[^1]:0} ms");
            await ReportAsync("a look at everything", nft, sync.Distrust, sync, cancellation);
            await ReportAsync("all anew, in the place of another's", nft, () => { }, Restart(nft, routes), cancellation);
            return 0;
        }
        finally
        {
            Ip($"netns del {ns}");
        }
    }

    private static NftSync Restart(CountingNft nft, ServiceRoute[] routes)
    {
        var sync = new NftSync(nft, [NftFamily.V4]);
        sync.Take(routes.Select(r => new RouteChange(r.Key, null, r)));
        return sync;
    }

    private static async Task<double> ReportAsync(
        string what, CountingNft nft, Action change, NftSync sync, CancellationToken cancellation)
    {
        var began = Stopwatch.GetTimestamp();
        change();
        var rendered = Stopwatch.GetElapsedTime(began);
        await sync.SyncAsync(cancellation);
        var took = Stopwatch.GetElapsedTime(began);
        Console.WriteLine(
            $"{what}: {took.TotalMilliseconds:0} ms (of that rendering {rendered.TotalMilliseconds:0.0} ms), {nft.LastBytes} bytes");
        return took.TotalMilliseconds;
    }

    private static ServiceRoute Make(int number, int endpoints, int generation)
    {
        var set = new EndpointSet([.. Enumerable.Range(0, endpoints).Select(i => new ServiceEndpoint(
            Address(10, 128 + (i % 64), number, i == 0 ? generation : 0), 8080, i == 0))]);
        return new ServiceRoute
        {
            Key = new ServicePortKey("default", $"service-{number}", "http", "TCP"),
            ClusterIps = new Addresses(Address(10, 96, number, 0)),
            Port = 80,
            InternalEndpoints = set,
            ExternalEndpoints = EndpointSet.None,
            HasEndpointsElsewhere = true,
        };
    }

    private static IPAddress Address(int first, int second, int number, int generation) =>
        new([(byte)first, (byte)(second + (generation * 64)), (byte)(number / 250), (byte)((number % 250) + 1)]);

    private static void Ip(string arguments)
    {
        using var ip = ChildProcess.Start("ip", arguments.Split(' '));
        if (ip.WaitForExit(TimeSpan.FromSeconds(30)) != 0)
        {
            throw new InvalidOperationException(ip.StandardError.Text);
        }
    }

    private sealed class CountingNft(INftables inner) : INftables
    {
        public int LastBytes { get; private set; }

        public Task ApplyAsync(ReadOnlyMemory<char> commands, CancellationToken cancellation)
        {
            LastBytes = Encoding.UTF8.GetByteCount(commands.Span);
            return inner.ApplyAsync(commands, cancellation);
        }
    }
}

using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using Etcdish.Network.Links;
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
            var nft = new TwoWays(ns);
            var sync = new NftSync(nft, [NftFamily.V4]);
            sync.Take(new NodeNetwork([IPAddress.Parse("192.0.2.1")], ["10.128.0.0/9"], ["10.96.0.0/16"]));
            ServiceRoute[] routes = [.. Enumerable.Range(0, services).Select(i => Make(i, endpoints, 0))];
            await ReportAsync("first sync", nft, () => sync.Take(routes.Select(r => new RouteChange(r.Key, null, r))), sync, cancellation);
            Console.WriteLine($"one change of {services} services with {endpoints} endpoints each, median and worst of {changes}, CPU of all:");
            await CompareAsync("another endpoint", nft, sync, changes, i =>
            {
                var at = i * 37 % services;
                var now = Make(at, endpoints, generation: i % 2 == 0 ? 1 : 0);
                (var before, routes[at]) = (routes[at], now);
                return before == now ? [] : [new RouteChange(now.Key, before, now)];
            }, cancellation);
            await CompareAsync("one endpoint more", nft, sync, changes, i =>
            {
                var at = (i * 41 + 1) % services;
                var now = Make(at, endpoints + 1 + i % 2, generation: 0);
                (var before, routes[at]) = (routes[at], now);
                return [new RouteChange(now.Key, before, now)];
            }, cancellation);
            await CompareAsync("a new service", nft, sync, changes, i => [new RouteChange(New(i).Key, null, New(i))], cancellation);
            await CompareAsync("a service goes", nft, sync, changes, i => [new RouteChange(New(i).Key, New(i), null)], cancellation);
            await ReportAsync("a look at everything", nft, sync.Distrust, sync, cancellation);
            await ReportAsync("all anew, in the place of another's", nft, () => { }, Restart(nft, routes), cancellation);
            return 0;
        }
        finally
        {
            Ip($"netns del {ns}");
        }

        ServiceRoute New(int i) => Make(services + i, endpoints, 0);
    }

    private static NftSync Restart(INftables nft, ServiceRoute[] routes)
    {
        var sync = new NftSync(nft, [NftFamily.V4]);
        sync.Take(routes.Select(r => new RouteChange(r.Key, null, r)));
        return sync;
    }

    /// <summary>The same kind of change both ways, in turns.</summary>
    private static async Task CompareAsync(
        string what, TwoWays nft, NftSync sync, int changes, Func<int, RouteChange[]> change, CancellationToken cancellation)
    {
        var (times, processor) = (new[] { new List<double>(), new List<double>() }, new double[2]);
        for (var i = 0; i < changes * 2; i++)
        {
            nft.IsDirect = i / 2 % 2 == 0;
            var way = nft.IsDirect ? 0 : 1;
            var (began, spent) = (Stopwatch.GetTimestamp(), ProcessorMilliseconds());
            sync.Take(change(i));
            await sync.SyncAsync(cancellation);
            times[way].Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            processor[way] += ProcessorMilliseconds() - spent;
            await sync.SyncAsync(cancellation);
        }

        Array.ForEach(times, list => list.Sort());
        Console.WriteLine(
            $"{what}: {Show(0)} directly, {Show(1)} by the program nft: 1 to {times[1][changes / 2] / times[0][changes / 2]:0}");

        string Show(int way) =>
            $"{times[way][changes / 2]:0.00} ms ({times[way][^1]:0.0}, {processor[way] / changes:0.0} CPU)";
    }

    /// <summary>What this process and the children it has waited for took of the processors, in steps of 10 ms.</summary>
    private static double ProcessorMilliseconds()
    {
        var fields = File.ReadAllText("/proc/self/stat").Split(") ")[1].Split(' ');
        return fields[11..15].Sum(ticks => double.Parse(ticks, CultureInfo.InvariantCulture)) * 10;
    }

    private static async Task ReportAsync(string what, TwoWays nft, Action change, NftSync sync, CancellationToken cancellation)
    {
        var began = Stopwatch.GetTimestamp();
        change();
        var rendered = Stopwatch.GetElapsedTime(began);
        await sync.SyncAsync(cancellation);
        var took = Stopwatch.GetElapsedTime(began);
        Console.WriteLine(
            $"{what}: {took.TotalMilliseconds:0} ms (of that rendering {rendered.TotalMilliseconds:0.0} ms), {nft.LastBytes} bytes");
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

    private sealed class TwoWays : INftables
    {
        private readonly NftProgram _program;
        private readonly NftKernel _kernel;

        public TwoWays(string ns)
        {
            _program = new NftProgram("ip", "netns", "exec", ns, "nft");
            _kernel = new NftKernel(_program, () => NetworkNamespaces.In(ns, static () => new NetlinkSocket()));
        }

        /// <summary>Whether changes may go without the program.</summary>
        public bool IsDirect { get; set; } = true;

        public int LastBytes { get; private set; }

        public Task ApplyAsync(ReadOnlyMemory<char> commands, CancellationToken cancellation)
        {
            LastBytes = Encoding.UTF8.GetByteCount(commands.Span);
            return (IsDirect ? (INftables)_kernel : _program).ApplyAsync(commands, cancellation);
        }
    }
}

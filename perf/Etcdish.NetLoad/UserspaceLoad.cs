using System.CommandLine;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Etcdish.Network.Services;
using Etcdish.Network.Userspace;

/// <summary>The userspace proxy: the memory of many services, new connections a second, bytes a second.</summary>
internal static class UserspaceLoad
{
    private const int Port = 18_078;
    private const int Chunk = 64 * 1024;

    public static Command Command()
    {
        var services = new Option<int>("--services") { DefaultValueFactory = _ => 1000, Description = "how many services" };
        var seconds = new Option<int>("--seconds") { DefaultValueFactory = _ => 5, Description = "how long each load lasts" };
        var clients = new Option<int>("--clients") { DefaultValueFactory = _ => 16, Description = "how many clients at once" };
        var command = new Command("userspace", "The service proxy without root.") { services, seconds, clients };
        command.SetAction(async (parsed, _) => await RunAsync(
            parsed.GetValue(services), TimeSpan.FromSeconds(parsed.GetValue(seconds)), parsed.GetValue(clients)));
        return command;
    }

    private static async Task RunAsync(int services, TimeSpan time, int clients)
    {
        using var sink = Listen();
        var endpoint = (IPEndPoint)sink.LocalEndPoint!;
        var before = Memory();
        await using var proxy = new UserspaceProxy(new UserspaceProxyOptions { Warn = (key, text) => Console.WriteLine($"{key}: {text}") });
        var watch = Stopwatch.StartNew();
        for (var i = 0; i < services; i++)
        {
            var route = Route(i, endpoint);
            proxy.Apply(route.Key, route);
        }

        var applied = watch.Elapsed;
        var threads = Process.GetCurrentProcess().Threads.Count;
        Console.WriteLine(
            $"{services} services: {applied.TotalMilliseconds:0} ms, {(Memory() - before) / 1024.0 / services:0.0} KiB each, {threads} threads");
        watch.Restart();
        proxy.Apply(Route(0, endpoint).Key, Route(0, endpoint, endpoint));
        Console.WriteLine($"one changed endpoint: {watch.Elapsed.TotalMicroseconds:0} us");
        await RateAsync("connections/s, direct", time, clients, () => ConnectOnceAsync(endpoint));
        await RateAsync("connections/s, proxied", time, clients, () => ConnectOnceAsync(new IPEndPoint(AddressOf(0), Port)));
        await BytesAsync("MB/s, direct", time, endpoint);
        await BytesAsync("MB/s, proxied", time, new IPEndPoint(AddressOf(0), Port));
    }

    private static ServiceRoute Route(int number, params IPEndPoint[] endpoints)
    {
        var set = new EndpointSet([.. endpoints.Select(e => new ServiceEndpoint(e.Address, e.Port, true))]);
        return new ServiceRoute
        {
            Key = new ServicePortKey("ns", $"s{number}", "", "TCP"),
            ClusterIps = new Addresses(AddressOf(number)),
            Port = Port,
            InternalEndpoints = set,
            ExternalEndpoints = set,
        };
    }

    private static IPAddress AddressOf(int number) => new([127, (byte)(100 + number / 62_500), (byte)(number / 250 % 250), (byte)(number % 250 + 1)]);

    private static long Memory()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        using var process = Process.GetCurrentProcess();
        return process.WorkingSet64;
    }

    private static async Task RateAsync(string what, TimeSpan time, int clients, Func<Task> once)
    {
        var watch = Stopwatch.StartNew();
        var counts = await Task.WhenAll(Enumerable.Range(0, clients).Select(async _ =>
        {
            var count = 0;
            for (; watch.Elapsed < time; count++)
            {
                await once();
            }

            return count;
        }));
        Console.WriteLine($"{what}: {counts.Sum() / watch.Elapsed.TotalSeconds:0}");
    }

    /// <summary>A connection, one byte each way, and its end.</summary>
    private static async Task ConnectOnceAsync(IPEndPoint to)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(to);
        var buffer = new byte[1];
        await socket.SendAsync(buffer);
        await socket.ReceiveAsync(buffer);
    }

    private static async Task BytesAsync(string what, TimeSpan time, IPEndPoint to)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(to);
        var buffer = new byte[Chunk];
        var (watch, bytes) = (Stopwatch.StartNew(), 0L);
        while (watch.Elapsed < time)
        {
            bytes += await socket.SendAsync(buffer);
        }

        Console.WriteLine($"{what}: {bytes / 1e6 / watch.Elapsed.TotalSeconds:0}");
    }

    /// <summary>An endpoint that answers the first bytes of a connection with one byte, and swallows the rest.</summary>
    private static Socket Listen()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        socket.Listen(512);
        _ = Task.Run(async () =>
        {
            while (true)
            {
                _ = SwallowAsync(await socket.AcceptAsync());
            }
        });
        return socket;
    }

    private static async Task SwallowAsync(Socket client)
    {
        using (client)
        {
            var buffer = new byte[Chunk];
            try
            {
                for (var isFirst = true; await client.ReceiveAsync(buffer) > 0; isFirst = false)
                {
                    if (isFirst)
                    {
                        await client.SendAsync(buffer.AsMemory(0, 1));
                    }
                }
            }
            catch (SocketException)
            {
                // A client that has enough.
            }
        }
    }
}

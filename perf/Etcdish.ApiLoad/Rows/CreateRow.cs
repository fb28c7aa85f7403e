using System.Diagnostics;
using Etcdish.ApiLoad.Running;
using Etcdish.Load.Measuring;

namespace Etcdish.ApiLoad.Rows;

/// <summary>Small ConfigMaps created one after the other on each of some connections.</summary>
internal sealed class CreateRow : IRow
{
    private const int Connections = 10;
    private const double MinPerSecond = 5000;

    private static readonly TimeSpan _warmUp = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan _measured = TimeSpan.FromSeconds(6);

    public string Name => "create";

    public async Task<IReadOnlyList<Figure>> MeasureAsync(UpServer server, CancellationToken cancellation)
    {
        await server.StartAsync("apiserver", [], cancellation);
        ConfigMapClient[] clients = new ConfigMapClient[Connections];
        for (int i = 0; i < Connections; i++)
        {
            clients[i] = new ConfigMapClient(await server.ConnectAsync(cancellation), $"c{i}");
        }

        await RunAsync(clients, _warmUp, cancellation);
        ProcessUsage before = server.Usage;
        double own = Environment.CpuUsage.TotalTime.TotalSeconds;
        long begun = Stopwatch.GetTimestamp();
        int created = await RunAsync(clients, _measured, cancellation);
        double seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        double cpu = (server.Usage.CpuSeconds - before.CpuSeconds) / created * 1e6;
        own = (Environment.CpuUsage.TotalTime.TotalSeconds - own) / created * 1e6;
        foreach (ConfigMapClient client in clients)
        {
            await client.DisposeAsync();
        }

        return
        [
            new Figure(
                Name,
                created / seconds,
                "creates/s",
                MinPerSecond,
                true,
                $"{Connections} connections, TLS; CPU a create: server {cpu:N0} µs, generator {own:N0} µs; "
                + $"{server.Usage.ResidentBytes >> 20} MiB resident"),
        ];
    }

    private static async Task<int> RunAsync(ConfigMapClient[] clients, TimeSpan duration, CancellationToken cancellation)
    {
        long end = Stopwatch.GetTimestamp() + (long)(duration.TotalSeconds * Stopwatch.Frequency);
        int[] counts = await Task.WhenAll(clients.Select(client => client.CreateUntilAsync(end, cancellation)));
        return counts.Sum();
    }
}

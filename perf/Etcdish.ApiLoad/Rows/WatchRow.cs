using System.Diagnostics;
using Etcdish.ApiLoad.Running;
using Etcdish.Load.Measuring;

namespace Etcdish.ApiLoad.Rows;

/// <summary>1,000 watchers on connections of their own, told of 1,000 updates: the time from the first update to the last watcher's last line.</summary>
internal sealed class WatchRow : IRow
{
    private const int Watchers = 1000;
    private const int Updates = 1000;
    private const int Writers = 10;
    private const int WarmUpRounds = 5;
    private const int Rounds = 5;
    private const double MaxSeconds = 1;

    private const string Path = "/api/v1/namespaces/default/configmaps?watch=true&labelSelector=app%3Dload&resourceVersion=0";

    public string Name => "watch";

    public async Task<IReadOnlyList<Figure>> MeasureAsync(UpServer server, CancellationToken cancellation)
    {
        await server.StartAsync("apiserver", [], cancellation);
        ConfigMapClient[] writers = new ConfigMapClient[Writers];
        for (int i = 0; i < Writers; i++)
        {
            writers[i] = new ConfigMapClient(await server.ConnectAsync(cancellation), "w");
            await writers[i].CreateAsync($"watched-{i}", cancellation);
        }

        LineCounter[] watchers = new LineCounter[Watchers];
        for (int i = 0; i < Watchers; i++)
        {
            watchers[i] = await LineCounter.OpenAsync(await server.ConnectAsync(cancellation), Path, Writers, cancellation);
        }

        List<double> times = [];
        double cpu = 0;
        for (int round = 0; round < WarmUpRounds; round++)
        {
            await RoundAsync(writers, watchers, cancellation);
        }

        for (int round = 0; round < Rounds; round++)
        {
            ProcessUsage before = server.Usage;
            times.Add(await RoundAsync(writers, watchers, cancellation));
            cpu = server.Usage.CpuSeconds - before.CpuSeconds;
        }

        string all = string.Join(", ", times.Select(time => time.ToString("N2")));
        string detail = $"{Watchers} watchers with a selector, {Updates} updates over {Writers} connections, TLS; rounds {all} s; the last took {cpu:N2} s of the server's CPU; "
            + $"{server.Usage.ResidentBytes >> 20} MiB resident";
        foreach (IAsyncDisposable open in writers.Concat<IAsyncDisposable>(watchers))
        {
            await open.DisposeAsync();
        }

        times.Sort();
        return [new Figure(Name, times[times.Count / 2], "s for 1,000,000 events", MaxSeconds, false, detail)];
    }

    private static async Task<double> RoundAsync(ConfigMapClient[] writers, LineCounter[] watchers, CancellationToken cancellation)
    {
        Task[] counting = [.. watchers.Select(watcher => watcher.CountAsync(Updates, cancellation))];
        long begun = Stopwatch.GetTimestamp();
        await Task.WhenAll(writers.Select((writer, i) => UpdateAsync(writer, $"watched-{i}", cancellation)));
        await Task.WhenAll(counting);
        return Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }

    private static async Task UpdateAsync(ConfigMapClient writer, string name, CancellationToken cancellation)
    {
        for (int i = 0; i < Updates / Writers; i++)
        {
            await writer.PatchAsync(name, Random.Shared.Next(), cancellation);
        }
    }
}

using System.Diagnostics;
using Etcdish.Client;
using Etcdish.Load.Measuring;
using Etcdish.Protos;

namespace Etcdish.Load.Workloads;

/// <summary>
/// Runs a workload: connections up, warm-up, measured time, wind-down, and a check by revision that what was acknowledged happened.
/// The load is closed: each client waits for its answer before it asks again, so a slow server is also asked less.
/// </summary>
internal static class LoadRunner
{
    private const int PreloadPutsPerTxn = 100;

    public static async Task<LoadResult> RunAsync(LoadOptions options, CancellationToken cancellationToken)
    {
        options.Validate();
        string[] endpoints = [.. options.Endpoints.Select(endpoint => endpoint.OriginalString)];
        await using EtcdClient admin = new(new EtcdClientOptions { Endpoints = endpoints });
        LoadRun run = new(options.Total);
        await using IDriver driver = options.Workload switch
        {
            WorkloadKind.Watch => new WatchDriver(options, run, admin),
            WorkloadKind.LeaseKeepAlive => await LeanDriver.ForKeepAliveAsync(options, run, admin, cancellationToken),
            _ => LeanDriver.ForKv(options, run),
        };
        long revisionBefore = await RevisionAsync(admin, cancellationToken);
        Timing timing = await DriveAsync(options, run, driver, cancellationToken);
        long revisionAfter = await RevisionAsync(admin, cancellationToken);
        return Summarise(options, driver.Tallies, timing, revisionAfter - revisionBefore);
    }

    /// <summary>Puts every key of the key space once, many to a transaction.</summary>
    public static Task<LoadResult> PreloadAsync(LoadOptions options, CancellationToken cancellationToken)
    {
        int putsPerTxn = Math.Min(PreloadPutsPerTxn, options.KeySpace);
        return RunAsync(
            options with
            {
                Workload = WorkloadKind.Txn,
                Distribution = KeyDistribution.Sequential,
                TxnPuts = putsPerTxn,
                Total = (options.KeySpace + putsPerTxn - 1) / putsPerTxn,
                Connections = 4,
                Clients = 4,
            },
            cancellationToken);
    }

    private static async Task<Timing> DriveAsync(
        LoadOptions options, LoadRun run, IDriver driver, CancellationToken cancellationToken)
    {
        bool byNumber = options.Total > 0;
        Task driving;
        if (byNumber)
        {
            run.BeginMeasuring();
            driving = driver.DriveAsync(cancellationToken);
        }
        else
        {
            driving = driver.DriveAsync(cancellationToken);
            await Task.WhenAny(driving, driver.Ready);
            await Task.WhenAny(driving, Task.Delay(options.WarmUp, cancellationToken));
            run.BeginMeasuring();
        }

        ProcessUsage? serverBefore = UsageOf(options.ServerPids);
        ProcessUsage ownBefore = ProcessUsage.Of(Environment.ProcessId);
        long start = Stopwatch.GetTimestamp();
        await Task.WhenAny(driving, byNumber ? driving : Task.Delay(options.Duration, cancellationToken));
        run.EndMeasuring();
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        ProcessUsage? serverAfter = UsageOf(options.ServerPids);
        ProcessUsage ownAfter = ProcessUsage.Of(Environment.ProcessId);
        run.Stop();
        await driving;
        return new Timing(
            seconds,
            serverAfter?.CpuSeconds - serverBefore?.CpuSeconds,
            serverAfter?.ResidentBytes,
            ownAfter.CpuSeconds - ownBefore.CpuSeconds);
    }

    private static LoadResult Summarise(LoadOptions options, IReadOnlyList<Tally> tallies, Timing timing, long revisionsMoved)
    {
        LatencyHistogram latencies = new();
        SortedDictionary<string, long> errors = new(StringComparer.Ordinal);
        foreach (Tally tally in tallies)
        {
            latencies.Add(tally.Latencies);
            foreach ((string text, long count) in tally.Errors)
            {
                errors[text] = errors.GetValueOrDefault(text) + count;
            }
        }

        double thousands = Math.Max(latencies.Count, 1) / 1000.0;
        return new LoadResult
        {
            Workload = options.Workload.ToString(),
            Endpoint = string.Join(',', options.Endpoints.Select(endpoint => endpoint.OriginalString)),
            Connections = options.Connections,
            Clients = options.Clients,
            Seconds = timing.Seconds,
            Operations = latencies.Count,
            P50Ms = latencies.Percentile(0.5) / 1e6,
            P99Ms = latencies.Percentile(0.99) / 1e6,
            P999Ms = latencies.Percentile(0.999) / 1e6,
            MaxMs = latencies.MaxNanoseconds / 1e6,
            Errors = errors.Values.Sum(),
            ErrorTexts = errors,
            ServerCpuSecondsPer1000 = timing.ServerCpuSeconds / thousands,
            ServerResidentMiB = timing.ServerResidentBytes / (1024.0 * 1024.0),
            GeneratorCpuSecondsPer1000 = timing.OwnCpuSeconds / thousands,
            WritesAcknowledged = tallies.Sum(tally => tally.WritesAcknowledged),
            RevisionsMoved = revisionsMoved,
        };
    }

    private static ProcessUsage? UsageOf(IReadOnlyList<int> pids) =>
        pids.Count == 0 ? null : pids.Select(ProcessUsage.Of).Aggregate((sum, one) => sum + one);

    private static async Task<long> RevisionAsync(EtcdClient admin, CancellationToken cancellationToken)
    {
        RangeResponse response = await admin.Kv.RangeAsync(KeyRange.One("revision?"), cancellationToken);
        return response.Header.Revision;
    }

    private readonly record struct Timing(
        double Seconds, double? ServerCpuSeconds, long? ServerResidentBytes, double OwnCpuSeconds);
}

using Etcdish.Load.Measuring;
using Etcdish.Load.Workloads;

namespace Etcdish.Load.Comparing;

/// <summary>
/// Measures two servers in turn: theirs, ours, theirs, ours. A machine's speed drifts within minutes, so only figures of one such run
/// may be compared. Each turn starts a server, or a cluster, on an empty folder, warms it up, and runs every case.
/// </summary>
internal sealed class Comparison(ServerProgram theirs, ServerProgram ours, IReadOnlyList<ComparisonCase> cases, ComparisonPlan plan)
{
    private readonly Dictionary<(string Server, string Case), List<LoadResult>> _results = [];

    public async Task RunAsync(TextWriter progress, CancellationToken cancellationToken)
    {
        for (int round = 1; round <= plan.Rounds; round++)
        {
            foreach (ServerProgram server in (ServerProgram[])[theirs, ours])
            {
                await RunTurnAsync(server, round, progress, cancellationToken);
            }
        }
    }

    public CaseFigures Theirs(ComparisonCase which) => Figures(theirs, which);

    public CaseFigures Ours(ComparisonCase which) => Figures(ours, which);

    /// <summary>Turns whose acknowledged writes did not show in the revision.</summary>
    public IEnumerable<LoadResult> Unverified => _results.Values.SelectMany(rounds => rounds).Where(result => !result.WritesVerified);

    private CaseFigures Figures(ServerProgram server, ComparisonCase which) => CaseFigures.MedianOf(_results[(server.Name, which.Name)]);

    private async Task RunTurnAsync(ServerProgram program, int round, TextWriter progress, CancellationToken cancellationToken)
    {
        string folder = Path.Combine(plan.Folder, $"{program.Name}-{round}");
        if (Directory.Exists(folder))
        {
            throw new ArgumentException($"{folder} exists already; choose another folder");
        }

        using (ServerGroup server = new(program, folder, plan.Nodes))
        {
            await server.StartAsync(cancellationToken);
            await WarmUpAsync(server, cancellationToken);
            foreach (ComparisonCase which in cases)
            {
                LoadResult result = await LoadRunner.RunAsync(OptionsOf(server, which), cancellationToken);
                Remember(program, which, result);
                progress.WriteLine($"round {round} {program.Name,-10} {which.Name,-16} {Line(result)}");
            }
        }

        Directory.Delete(folder, recursive: true);
    }

    private static string Line(LoadResult result)
    {
        string speed = FormattableString.Invariant($"{result.PerSecond,12:N0}/s  {result.ServerCpuSecondsPer1000 * 1000,8:F2} us/op");
        string latency = FormattableString.Invariant($"p50 {result.P50Ms,8:F3} ms  p99 {result.P99Ms,8:F3} ms");
        return $"{speed}  {latency}  errors {result.Errors}";
    }

    /// <summary>Fills the key space and runs puts and ranges until compilers and caches have settled.</summary>
    private async Task WarmUpAsync(ServerGroup server, CancellationToken cancellationToken)
    {
        LoadOptions options = new()
        {
            Endpoints = server.Endpoints,
            Workload = WorkloadKind.Put,
            KeySpace = plan.KeySpace,
            Total = plan.WarmUpRequests,
        };
        await LoadRunner.PreloadAsync(options, cancellationToken);
        await LoadRunner.RunAsync(options, cancellationToken);
        await LoadRunner.RunAsync(options with { Workload = WorkloadKind.Range, Total = plan.WarmUpRequests / 4 }, cancellationToken);
    }

    private LoadOptions OptionsOf(ServerGroup server, ComparisonCase which) => new()
    {
        Endpoints = server.Endpoints,
        Workload = which.Workload,
        Connections = which.Connections,
        Clients = which.Clients,
        Watchers = which.Watchers,
        KeySpace = plan.KeySpace,
        Duration = plan.Duration,
        ServerPids = server.Pids,
    };

    private void Remember(ServerProgram program, ComparisonCase which, LoadResult result)
    {
        if (!_results.TryGetValue((program.Name, which.Name), out List<LoadResult>? rounds))
        {
            _results[(program.Name, which.Name)] = rounds = [];
        }

        rounds.Add(result);
    }
}

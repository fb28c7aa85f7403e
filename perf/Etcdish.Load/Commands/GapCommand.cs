using System.CommandLine;
using System.Text.Json;
using Etcdish.Load.Comparing;
using Etcdish.Load.Gaps;
using Etcdish.Load.Measuring;

namespace Etcdish.Load.Commands;

/// <summary>How long a cluster acknowledges no write when its leader goes.</summary>
internal static class GapCommand
{
    private static readonly Option<string> _server = Declare.Server();
    private static readonly Option<string> _folder = Declare.Folder("gap");
    private static readonly Option<int> _nodes = Declare.Nodes(3);
    private static readonly Option<int> _rounds = Declare.Option("--rounds", "leaders lost in each way", 10);

    private static readonly Option<string> _flags = Declare.Option(
        "--server-flags", "further flags of every member, such as \"--heartbeat-interval 50 --election-timeout 500\"", "");

    private static readonly Option<double?> _maxKill = Declare.Optional<double?>(
        "--max-kill-ms", "exit 1 if the median after kill -9 is longer");

    private static readonly Option<double?> _maxTerm = Declare.Optional<double?>(
        "--max-term-ms", "exit 1 if the median on SIGTERM is longer");

    public static Command Create()
    {
        Command command = new(
            "gap", "Start a cluster, lose its leader again and again, report the longest time without an acknowledged write.")
        {
            _server, _folder, _nodes, _rounds, _flags, _maxKill, _maxTerm,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        ServerProgram program = Declare.Program(parsed.GetRequiredValue(_server));
        program = program with { Flags = parsed.GetRequiredValue(_flags).Split(' ', StringSplitOptions.RemoveEmptyEntries) };
        int nodes = parsed.GetValue(_nodes);
        ArgumentOutOfRangeException.ThrowIfLessThan(nodes, 3, "--nodes");
        int rounds = parsed.GetValue(_rounds);
        ArgumentOutOfRangeException.ThrowIfLessThan(rounds, 1, "--rounds");
        string folder = parsed.GetRequiredValue(_folder);
        double killed;
        double terminated;
        using (ServerGroup group = new(program, folder, nodes))
        {
            await group.StartAsync(cancellationToken);
            await using WriteGapMeter meter = new([.. group.Endpoints.Select(endpoint => endpoint.OriginalString)]);
            killed = await MedianAsync(LeaderFault.Kill, program, group, meter, rounds, cancellationToken);
            terminated = await MedianAsync(LeaderFault.Terminate, program, group, meter, rounds, cancellationToken);
            await MedianAsync(LeaderFault.Pause, program, group, meter, rounds, cancellationToken);
        }

        Directory.Delete(folder, recursive: true);
        return killed <= (parsed.GetValue(_maxKill) ?? double.MaxValue)
            && terminated <= (parsed.GetValue(_maxTerm) ?? double.MaxValue) ? 0 : 1;
    }

    private static async Task<double> MedianAsync(
        LeaderFault fault, ServerProgram program, ServerGroup group, WriteGapMeter meter, int rounds, CancellationToken cancellationToken)
    {
        List<double> gaps = [];
        for (int round = 0; round < rounds; round++)
        {
            ServerProcess leader = await group.LeaderAsync(cancellationToken);
            TimeSpan gap = await GapTrial.MeasureAsync(meter, () => fault.Strike(leader, cancellationToken), cancellationToken);
            gaps.Add(gap.TotalMilliseconds);
            await fault.Mend(leader, cancellationToken);
        }

        gaps.Sort();
        GapResult result = new(program.Name, fault.Name, Median.Of(gaps), gaps);
        Console.WriteLine(result);
        Console.WriteLine(JsonSerializer.Serialize(result, JsonSerializerOptions.Web));
        return result.MedianMs;
    }

    /// <param name="Server">Whose members.</param>
    /// <param name="Fault">How the leader went.</param>
    /// <param name="MedianMs">Of all rounds.</param>
    /// <param name="GapsMs">One a round, ascending.</param>
    private sealed record GapResult(string Server, string Fault, double MedianMs, IReadOnlyList<double> GapsMs)
    {
        public override string ToString()
        {
            string range = FormattableString.Invariant($"shortest {GapsMs[0],6:F0}  longest {GapsMs[^1],6:F0}  ({GapsMs.Count} rounds)");
            return FormattableString.Invariant($"{Server,-10} {Fault,-8} median {MedianMs,6:F0} ms  {range}");
        }
    }
}

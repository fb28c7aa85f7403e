using System.CommandLine;
using System.Text.Json;
using Etcdish.Load.Comparing;
using Etcdish.Load.Measuring;
using Etcdish.Load.Workloads;

namespace Etcdish.Load.Commands;

/// <summary>How much memory many keys take, and how long a server that was killed needs to answer again.</summary>
internal static class RecoverCommand
{
    private static readonly Option<string> _server = Declare.Server();
    private static readonly Option<string> _folder = Declare.Folder("recover");
    private static readonly Option<int> _keys = Declare.Option("--keys", "number of keys", 1_000_000);
    private static readonly Option<int> _valueSize = Declare.ValueSize();
    private static readonly Option<double?> _maxSeconds = Declare.Optional<double?>(
        "--max-seconds", "exit 1 if the first answer takes longer");

    private static readonly Option<double?> _maxMiB = Declare.Optional<double?>(
        "--max-mib", "exit 1 if the server holds more memory after loading");

    public static Command Create()
    {
        Command command = new("recover", "Load many keys, report memory, kill the server, time its restart to the first answered read.")
        {
            _server, _folder, _keys, _valueSize, _maxSeconds, _maxMiB,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        ServerProgram program = Declare.Program(parsed.GetRequiredValue(_server));
        string folder = parsed.GetRequiredValue(_folder);
        Outcome outcome;
        using (ServerGroup server = new(program, folder, 1))
        {
            outcome = await MeasureAsync(server.Members[0], parsed.GetValue(_keys), parsed.GetValue(_valueSize), cancellationToken);
        }

        Directory.Delete(folder, recursive: true);
        Console.WriteLine(FormattableString.Invariant(
            $"{program.Name}: {outcome.Keys:N0} keys in {outcome.ResidentMiB:F0} MiB"));
        Console.WriteLine(FormattableString.Invariant(
            $"kill -9: first read after {outcome.RestartSeconds:F3} s (of an empty store {outcome.EmptyStartSeconds:F3} s)"));
        Console.WriteLine(FormattableString.Invariant($"then {outcome.ResidentMiBAfterRestart:F0} MiB"));
        Console.WriteLine(JsonSerializer.Serialize(outcome, JsonSerializerOptions.Web));
        return outcome.RestartSeconds <= (parsed.GetValue(_maxSeconds) ?? double.MaxValue)
            && outcome.ResidentMiB <= (parsed.GetValue(_maxMiB) ?? double.MaxValue) ? 0 : 1;
    }

    private static async Task<Outcome> MeasureAsync(ServerProcess server, int keys, int valueSize, CancellationToken cancellationToken)
    {
        TimeSpan emptyStart = await server.StartAsync(cancellationToken);
        LoadOptions load = new() { Endpoints = [server.Endpoint], Workload = WorkloadKind.Put, KeySpace = keys, ValueSize = valueSize };
        LoadResult loaded = await LoadRunner.PreloadAsync(load, cancellationToken);
        if (loaded.Errors > 0 || !loaded.WritesVerified)
        {
            throw new InvalidOperationException($"loading failed: {loaded.Errors} errors, {loaded.RevisionsMoved} revisions");
        }

        long before = ProcessUsage.Of(server.Pid).ResidentBytes;
        server.Kill();
        TimeSpan restart = await server.StartAsync(cancellationToken);
        long after = ProcessUsage.Of(server.Pid).ResidentBytes;
        const double MiB = 1024 * 1024;
        return new Outcome(keys, before / MiB, emptyStart.TotalSeconds, restart.TotalSeconds, after / MiB);
    }

    private sealed record Outcome(
        int Keys, double ResidentMiB, double EmptyStartSeconds, double RestartSeconds, double ResidentMiBAfterRestart);
}

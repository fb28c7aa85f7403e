using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Etcdish.Load.Measuring;
using Etcdish.Load.Workloads;

namespace Etcdish.Load.Commands;

/// <summary>One workload against the members of one store.</summary>
internal static class RunCommand
{
    private static readonly Option<string> _endpoint = Declare.Option(
        "--endpoint", "client URLs of the members, comma-separated, http only; connections are spread over them", "http://127.0.0.1:2379");

    private static readonly Option<int> _connections = Declare.Option("--connections", "connections", 10);
    private static readonly Option<int> _clients = Declare.Option("--clients", "requests in flight per connection", 10);
    private static readonly Option<int> _keySize = Declare.Option("--key-size", "bytes of a key", 8);
    private static readonly Option<int> _valueSize = Declare.ValueSize();
    private static readonly Option<int> _keySpace = Declare.KeySpace(10_000);
    private static readonly Option<int> _txnPuts = Declare.Option("--txn-puts", "puts in a transaction", 1);

    private static readonly Option<int> _watchers = Declare.Option(
        "--watchers", "watchers in all, over connections x clients streams", 1_000);

    private static readonly Option<string> _serverPid = Declare.Option(
        "--server-pid", "report the CPU time and memory of these processes, comma-separated, added up", "");

    private static readonly Option<int> _seed = Declare.Option("--seed", "seed of the choice of keys", 1);
    private static readonly Option<long> _total = Declare.Option("--total", "operations to do, instead of a time (0 = go by time)", 0L);
    private static readonly Option<double> _duration = Declare.Duration();
    private static readonly Option<double> _warmUp = Declare.Option("--warm-up", "seconds before measuring begins", 2.0);
    private static readonly Option<double> _readShare = Declare.Option("--read-share", "share of reads in mixed, 0 to 1", 0.8);

    private static readonly Option<KeyDistribution> _distribution = Declare.Option(
        "--distribution", "how keys are chosen", KeyDistribution.Uniform);

    private static readonly Option<bool> _jsonOnly = new("--json") { Description = "print the JSON line only" };

    private static readonly Argument<WorkloadKind> _workload = new("workload") { Description = "what the clients do" };

    public static Command Create()
    {
        Command command = new("run", "Put one workload on a server or a cluster and report what came of it.")
        {
            _workload, _endpoint, _connections, _clients, _keySize, _valueSize, _keySpace, _distribution, _duration, _total, _warmUp,
            _txnPuts, _readShare, _watchers, _serverPid, _seed, _jsonOnly,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        LoadOptions options = new()
        {
            Workload = parsed.GetValue(_workload),
            Endpoints = ParseEndpoints(parsed.GetRequiredValue(_endpoint)),
            Connections = parsed.GetValue(_connections),
            Clients = parsed.GetValue(_clients),
            KeySize = parsed.GetValue(_keySize),
            ValueSize = parsed.GetValue(_valueSize),
            KeySpace = parsed.GetValue(_keySpace),
            Distribution = parsed.GetValue(_distribution),
            Duration = TimeSpan.FromSeconds(parsed.GetValue(_duration)),
            Total = parsed.GetValue(_total),
            WarmUp = TimeSpan.FromSeconds(parsed.GetValue(_warmUp)),
            TxnPuts = parsed.GetValue(_txnPuts),
            ReadShare = parsed.GetValue(_readShare),
            Watchers = parsed.GetValue(_watchers),
            ServerPids = [.. Split(parsed.GetRequiredValue(_serverPid)).Select(ParsePid)],
            Seed = parsed.GetValue(_seed),
        };
        if (options.Workload is WorkloadKind.Range or WorkloadKind.SerializableRange or WorkloadKind.Mixed)
        {
            await LoadRunner.PreloadAsync(options, cancellationToken);
        }

        LoadResult result = await LoadRunner.RunAsync(options, cancellationToken);
        if (!parsed.GetValue(_jsonOnly))
        {
            ResultTable.Write(Console.Out, result);
        }

        Console.WriteLine(JsonSerializer.Serialize(result, JsonSerializerOptions.Web));
        return result.Errors == 0 && result.WritesVerified ? 0 : 1;
    }

    private static Uri[] ParseEndpoints(string text) => [.. Split(text).Select(ParseEndpoint)];

    private static Uri ParseEndpoint(string text) => Uri.TryCreate(text, UriKind.Absolute, out Uri? endpoint)
        ? endpoint
        : throw new ArgumentException($"endpoint \"{text}\" is not a URL such as http://127.0.0.1:2379");

    private static int ParsePid(string text) => int.TryParse(text, CultureInfo.InvariantCulture, out int pid)
        ? pid
        : throw new ArgumentException($"\"{text}\" is not the number of a process");

    private static string[] Split(string text) => text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}

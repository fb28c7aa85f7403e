using System.CommandLine;
using System.Text.Json;
using Etcdish.Load.Measuring;
using Etcdish.Load.Workloads;

namespace Etcdish.Load.Commands;

/// <summary>One workload against one endpoint.</summary>
internal static class RunCommand
{
    private static readonly Option<string> _endpoint = new("--endpoint")
    {
        Description = "client URL of the server, http only",
        DefaultValueFactory = _ => "http://127.0.0.1:2379",
    };

    private static readonly Option<int> _connections = Number("--connections", "connections", 10);
    private static readonly Option<int> _clients = Number("--clients", "requests in flight per connection", 10);
    private static readonly Option<int> _keySize = Number("--key-size", "bytes of a key", 8);
    private static readonly Option<int> _valueSize = Number("--value-size", "bytes of a value", 256);
    private static readonly Option<int> _keySpace = Number("--key-space", "number of different keys", 10_000);
    private static readonly Option<int> _txnPuts = Number("--txn-puts", "puts in a transaction", 1);
    private static readonly Option<int> _watchers = Number("--watchers", "watchers in all, over connections x clients streams", 1_000);
    private static readonly Option<int> _serverPid = Number("--server-pid", "report this process's CPU time and memory (0 = none)", 0);
    private static readonly Option<int> _seed = Number("--seed", "seed of the choice of keys", 1);
    private static readonly Option<long> _total = new("--total") { Description = "operations to do, instead of a time (0 = go by time)" };

    private static readonly Option<double> _duration = new("--duration")
    {
        Description = "seconds to measure",
        DefaultValueFactory = _ => 10,
    };

    private static readonly Option<double> _warmUp = new("--warm-up")
    {
        Description = "seconds before measuring begins",
        DefaultValueFactory = _ => 2,
    };

    private static readonly Option<double> _readShare = new("--read-share")
    {
        Description = "share of reads in mixed, 0 to 1",
        DefaultValueFactory = _ => 0.8,
    };

    private static readonly Option<KeyDistribution> _distribution = new("--distribution")
    {
        Description = "how keys are chosen",
        DefaultValueFactory = _ => KeyDistribution.Uniform,
    };

    private static readonly Option<bool> _jsonOnly = new("--json") { Description = "print the JSON line only" };

    private static readonly Argument<WorkloadKind> _workload = new("workload") { Description = "what the clients do" };

    public static Command Create()
    {
        Command command = new("run", "Put one workload on one endpoint and report what came of it.")
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
            Endpoint = ParseEndpoint(parsed.GetRequiredValue(_endpoint)),
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
            ServerPid = parsed.GetValue(_serverPid),
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

    private static Uri ParseEndpoint(string text) => Uri.TryCreate(text, UriKind.Absolute, out Uri? endpoint)
        ? endpoint
        : throw new ArgumentException($"endpoint \"{text}\" is not a URL such as http://127.0.0.1:2379");

    private static Option<int> Number(string name, string description, int standard) =>
        new(name) { Description = description, DefaultValueFactory = _ => standard };
}

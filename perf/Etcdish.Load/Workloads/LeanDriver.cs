using Etcdish.Client;
using Etcdish.Load.Http2;

namespace Etcdish.Load.Workloads;

/// <summary>Connections that each keep their clients busy by themselves.</summary>
internal sealed class LeanDriver : IDriver
{
    private const long LeaseSeconds = 600;

    private readonly LoadOptions _options;
    private readonly IReadOnlyList<IExchange> _exchanges;

    private LeanDriver(LoadOptions options, IReadOnlyList<IExchange> exchanges, IReadOnlyList<Tally> tallies)
    {
        _options = options;
        _exchanges = exchanges;
        Tallies = tallies;
    }

    public Task Ready => Task.CompletedTask;

    public IReadOnlyList<Tally> Tallies { get; }

    public static LeanDriver ForKv(LoadOptions options, LoadRun run)
    {
        SharedCounter sequence = new();
        UnaryExchange[] exchanges = [.. Enumerable.Range(0, options.Connections)
            .Select(i => new UnaryExchange(run, new KvSource(options, new KeyChooser(options, i, sequence)), options.Clients))];
        return new LeanDriver(options, exchanges, [.. exchanges.Select(exchange => exchange.Tally)]);
    }

    public static async Task<LeanDriver> ForKeepAliveAsync(
        LoadOptions options, LoadRun run, EtcdClient admin, CancellationToken cancellationToken)
    {
        List<KeepAliveExchange> exchanges = [];
        for (int i = 0; i < options.Connections; i++)
        {
            List<long> leases = [];
            for (int client = 0; client < options.Clients; client++)
            {
                leases.Add((await admin.Lease.GrantAsync(LeaseSeconds, cancellationToken)).ID);
            }

            exchanges.Add(new KeepAliveExchange(run, leases));
        }

        return new LeanDriver(options, exchanges, [.. exchanges.Select(exchange => exchange.Tally)]);
    }

    public Task DriveAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(_exchanges.Select((_, i) => Task.Run(() => RunConnectionAsync(i, cancellationToken), cancellationToken)));

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async Task RunConnectionAsync(int number, CancellationToken cancellationToken)
    {
        using LeanConnection connection = await LeanConnection.ConnectAsync(
            _options.EndpointOf(number), _options.Clients, _exchanges[number], cancellationToken);
        await connection.RunAsync(cancellationToken);
    }
}

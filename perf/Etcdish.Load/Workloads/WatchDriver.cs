using System.Buffers.Binary;
using System.Diagnostics;
using Etcdish.Client;
using Etcdish.Load.Http2;
using Etcdish.Protos;
using Google.Protobuf;

namespace Etcdish.Load.Workloads;

/// <summary>
/// Fan-out: watchers of one key on all streams of all connections, and one writer that puts the key again as soon as every watcher has
/// had the last event.
/// </summary>
internal sealed class WatchDriver : IDriver
{
    private readonly LoadOptions _options;
    private readonly LoadRun _run;
    private readonly EtcdClient _writer;
    private readonly WatchRounds _rounds;
    private readonly WatchExchange[] _exchanges;
    private readonly Tally _writerTally = new();
    private readonly ByteString _key;

    public WatchDriver(LoadOptions options, LoadRun run, EtcdClient writer)
    {
        _options = options;
        _run = run;
        _writer = writer;
        _rounds = new WatchRounds(options.Watchers);
        _key = ByteString.CopyFromUtf8("watched");
        _exchanges = [.. Enumerable.Range(0, options.Connections)
            .Select(i => new WatchExchange(run, _rounds, _key, WatchersOfStreams(i)))];
        Tallies = [.. _exchanges.Select(exchange => exchange.Tally), _writerTally];
    }

    public Task Ready => _rounds.AllCreated;

    public IReadOnlyList<Tally> Tallies { get; }

    public async Task DriveAsync(CancellationToken cancellationToken)
    {
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task watching = Task.WhenAll(_exchanges.Select(
            (_, i) => Task.Run(() => WatchAsync(i, end.Token), CancellationToken.None)));
        try
        {
            await _rounds.AllCreated.WaitAsync(cancellationToken);
            await PutRoundsAsync(cancellationToken);
        }
        finally
        {
            await end.CancelAsync();
            await watching;
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private int[] WatchersOfStreams(int connection)
    {
        int streams = _options.Connections * _options.Clients;
        return [.. Enumerable.Range(connection * _options.Clients, _options.Clients)
            .Select(stream => (_options.Watchers / streams) + (stream < _options.Watchers % streams ? 1 : 0))
            .Where(watchers => watchers > 0)];
    }

    private async Task PutRoundsAsync(CancellationToken cancellationToken)
    {
        byte[] value = new byte[Math.Max(_options.ValueSize, sizeof(long))];
        while (_run.TryBegin())
        {
            Task round = _rounds.BeginRound();
            BinaryPrimitives.WriteInt64BigEndian(value, Stopwatch.GetTimestamp());
            PutRequest put = new() { Key = _key, Value = ByteString.CopyFrom(value) };
            await _writer.Kv.PutAsync(put, cancellationToken);
            _writerTally.WritesAcknowledged++;
            await round.WaitAsync(cancellationToken);
        }
    }

    private async Task WatchAsync(int number, CancellationToken end)
    {
        try
        {
            using LeanConnection connection = await LeanConnection.ConnectAsync(
                _options.EndpointOf(number), _options.Clients, _exchanges[number], end);
            await connection.RunAsync(end);
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // The rounds are over.
        }
        catch (Exception e)
        {
            _rounds.Fail(e);
            throw;
        }
    }
}

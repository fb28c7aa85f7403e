using System.Collections.Concurrent;
using System.Diagnostics;
using Etcdish.Checkers;

namespace Etcdish.Process.Recording;

/// <summary>
/// Drives clients and watchers against the members of one store, which may die and come back meanwhile, and records the history. Each
/// client keeps to one member; a watcher that loses its stream goes on at the next. The store must be empty at the start.
/// </summary>
internal sealed class Recorder : IAsyncDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);
    private readonly TrafficOptions _options;
    private readonly IReadOnlyList<string> _urls;
    private readonly long _begin = Stopwatch.GetTimestamp();
    private readonly CancellationTokenSource _stopClients = new();
    private readonly CancellationTokenSource _stopWatchers = new();
    private readonly RecordedClient[] _clients;
    private readonly RecordedWatcher[] _watchers;
    private readonly ConcurrentQueue<Waiter> _waiting = new();
    private Task _clientsRun = Task.CompletedTask;
    private Task _watchersRun = Task.CompletedTask;
    private int _operations;
    private int _watches;
    private int _acknowledged;
    private int _unknown;

    public Recorder(string url, TrafficOptions options)
        : this([url], options)
    {
    }

    public Recorder(IReadOnlyList<string> urls, TrafficOptions options)
    {
        _urls = urls;
        _options = options;
        _clients = [.. Enumerable.Range(0, options.Clients).Select(id => new RecordedClient(this, id, urls[id % urls.Count], options))];
        // Next to compactions the witness must be in step from the start: one that catches up from revision 1 could come too late.
        var everything = new WatchRecord(0, KeyRange.Everything, []) { StartRevision = options.Compact ? 0 : 1 };
        WatchRecord[] wishes =
        [
            everything,
            everything with { Keys = KeyRange.Prefix("k"), PrevKv = true, StartRevision = 0 },
            everything with { Keys = new KeyRange(Traffic.Key(3)), PrevKv = true, StartRevision = 0 },
            everything with { Keys = new KeyRange(Traffic.Key(2), Traffic.Key(7)), NoDelete = true, StartRevision = 0 },
            everything with { Keys = KeyRange.Prefix("k"), NoPut = true, PrevKv = true, StartRevision = 1 },
        ];
        _watchers = [.. wishes.Select((wish, i) => new RecordedWatcher(this, FromMember(i), wish, options.Bookmarks))];
    }

    public ServerGate Gate { get; } = new();

    /// <summary>Nanoseconds since the beginning of the recording.</summary>
    public long Now => Stopwatch.GetElapsedTime(_begin).Ticks * 100;

    public int Acknowledged => Volatile.Read(ref _acknowledged);

    public int Unknown => Volatile.Read(ref _unknown);

    public int NextOperation() => Interlocked.Increment(ref _operations);

    public int NextWatch() => Interlocked.Increment(ref _watches);

    public async Task StartAsync()
    {
        _watchersRun = Task.WhenAll(_watchers.Select(watcher => watcher.RunAsync(_stopWatchers.Token)));
        await Task.WhenAll(_watchers.Select(watcher => watcher.Created)).WaitAsync(_patience);
        _clientsRun = Task.WhenAll(_clients.Select(client => client.RunAsync(_stopClients.Token)));
    }

    /// <summary>Completes once the condition holds; it is looked at after every operation.</summary>
    public async Task WaitAsync(Func<Recorder, bool> condition)
    {
        var met = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting.Enqueue(new Waiter(condition, met));
        await met.Task.WaitAsync(_patience);
    }

    public Task WaitForAcknowledgedAsync(int more)
    {
        int goal = Acknowledged + more;
        return WaitAsync(recorder => recorder.Acknowledged >= goal);
    }

    public void Count(Operation operation)
    {
        if (operation.Outcome == Outcome.Ok)
            Interlocked.Increment(ref _acknowledged);
        else if (operation.Outcome == Outcome.Unknown)
            Interlocked.Increment(ref _unknown);
        foreach (Waiter waiter in _waiting)
        {
            if (waiter.Condition(this))
                waiter.Met.TrySetResult();
        }
    }

    /// <summary>Lets the clients finish what they do.</summary>
    public async Task StopClientsAsync()
    {
        await _stopClients.CancelAsync();
        await _clientsRun.WaitAsync(_patience);
    }

    /// <summary>
    /// Ends the run against the living server: writes and deletes every key once more, waits until each watcher has seen its last
    /// event, and reads the whole history from the beginning as the witness.
    /// </summary>
    public async Task<History> FinishAsync()
    {
        await StopClientsAsync();
        using var closer = new RecordedClient(this, _options.Clients, _urls[0], _options);
        for (int key = 0; key < _options.Keys; key++)
            await MustAsync(closer, new PutCall(Traffic.Key(key), $"end-{key}"));
        for (int key = 0; key < _options.Keys; key++)
            await MustAsync(closer, new DeleteCall(new KeyRange(Traffic.Key(key))));
        await MustAsync(closer, new RangeCall(KeyRange.Prefix("k")));

        foreach (RecordedWatcher watcher in _watchers)
            watcher.Await(LastWanted(closer.Operations, watcher.Wish));
        await _watchersRun.WaitAsync(_patience);
        List<WatchEvent> witness = _options.Compact ? Concatenate(_watchers[0]) : await ReadAllAsync(closer.Operations[^1].Reply!.Revision);
        return new History(
            [.. _clients.SelectMany(client => client.Operations), .. closer.Operations],
            [.. _watchers.SelectMany(watcher => watcher.Watches)],
            witness);
    }

    public async ValueTask DisposeAsync()
    {
        await _stopClients.CancelAsync();
        await _stopWatchers.CancelAsync();
        Gate.Open();
        await Task.WhenAll(_clientsRun, _watchersRun).WaitAsync(_patience).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (RecordedClient client in _clients)
            client.Dispose();
        foreach (RecordedWatcher watcher in _watchers)
            watcher.Dispose();
        _stopClients.Dispose();
        _stopWatchers.Dispose();
    }

    private string[] FromMember(int first) => [.. Enumerable.Range(first, _urls.Count).Select(i => _urls[i % _urls.Count])];

    private static async Task MustAsync(RecordedClient client, Call call)
    {
        await client.DoAsync(call);
        Operation last = client.Operations[^1];
        if (last.Outcome != Outcome.Ok)
            throw new InvalidOperationException($"the living server refused {last}");
    }

    private static long LastWanted(List<Operation> closing, WatchRecord wish)
    {
        return closing
            .Where(op => op.Call switch
            {
                PutCall put => !wish.NoPut && wish.Keys.Contains(put.Key),
                DeleteCall delete => !wish.NoDelete && wish.Keys.Contains(delete.Keys.Start),
                _ => false,
            })
            .Max(op => op.Reply!.Revision);
    }

    private static List<WatchEvent> Concatenate(RecordedWatcher watcher) =>
        [.. watcher.Watches.SelectMany(watch => watch.Responses).SelectMany(response => response.Events)];

    private async Task<List<WatchEvent>> ReadAllAsync(long lastRevision)
    {
        var wish = new WatchRecord(0, KeyRange.Everything, []) { StartRevision = 1 };
        using var reader = new RecordedWatcher(this, _urls, wish, bookmarks: false);
        reader.Await(lastRevision);
        await reader.RunAsync(CancellationToken.None).WaitAsync(_patience);
        return Concatenate(reader);
    }

    /// <summary>Somebody who waits; few a run, so they are never taken off the list.</summary>
    private sealed record Waiter(Func<Recorder, bool> Condition, TaskCompletionSource Met);
}

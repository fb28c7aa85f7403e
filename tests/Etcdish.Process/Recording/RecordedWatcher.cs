using Etcdish.Checkers;
using Etcdish.Rpc;

namespace Etcdish.Process.Recording;

/// <summary>
/// Keeps one watch alive over lost streams, at the next member each time, and records every response, until it has received an event at
/// the awaited revision.
/// </summary>
internal sealed class RecordedWatcher : IDisposable
{
    private readonly Recorder _recorder;
    private readonly bool _bookmarks;
    private readonly Connection[] _connections;
    private readonly TaskCompletionSource _created = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _finished = new();
    private List<WatchResponse> _responses = [];
    private long _awaited = long.MaxValue;
    private int _at;

    /// <summary>Where the next watch starts: behind all that was seen. 0 means now.</summary>
    private long _next;

    public RecordedWatcher(Recorder recorder, IReadOnlyList<string> urls, WatchRecord wish, bool bookmarks)
    {
        _recorder = recorder;
        _bookmarks = bookmarks;
        _connections = [.. urls.Select(url => new Connection(url, TimeSpan.FromSeconds(10)))];
        _next = wish.StartRevision;
        Wish = wish;
    }

    /// <summary>The watches so far, in the order in which they resumed each other.</summary>
    public List<WatchRecord> Watches { get; } = [];

    /// <summary>What is watched, and from where at first.</summary>
    public WatchRecord Wish { get; }

    /// <summary>Completes when the first watch is in place.</summary>
    public Task Created => _created.Task;

    /// <summary>Lets the watcher end once it has seen this revision; it must be one of which it receives an event.</summary>
    public void Await(long revision)
    {
        Volatile.Write(ref _awaited, revision);
        if (IsDone)
            _finished.Cancel();
    }

    public async Task RunAsync(CancellationToken stop)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, _finished.Token);
        Task nextStart = _recorder.Gate.NextStart;
        int missed = 0;
        while (!either.IsCancellationRequested)
        {
            if (missed == 0)
                nextStart = _recorder.Gate.NextStart;
            WatchRecord watch = Wish with
            {
                Id = _recorder.NextWatch(),
                StartRevision = _next,
                Resumes = Watches.Count == 0 ? null : Watches[^1].Id,
            };
            bool reached = await FollowAsync(watch, either.Token);
            Watches.Add(watch with { Responses = _responses, AwaitedRevision = IsDone ? _awaited : 0 });
            _responses = [];
            _at = (_at + 1) % _connections.Length;
            missed = reached ? 0 : missed + 1;
            if (missed == _connections.Length)
            {
                await nextStart.WaitAsync(either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                missed = 0;
            }
        }
    }

    public void Dispose()
    {
        foreach (Connection connection in _connections)
            connection.Dispose();
        _finished.Dispose();
    }

    private bool IsDone => Volatile.Read(ref _next) > Volatile.Read(ref _awaited);

    // False when the server could not be reached.
    private async Task<bool> FollowAsync(WatchRecord watch, CancellationToken stop)
    {
        try
        {
            using DuplexCall<Protos.WatchRequest, Protos.WatchResponse> stream = _connections[_at].Watch(stop);
            await stream.WriteAsync(Wire.Request(watch));
            await foreach (Protos.WatchResponse message in stream.ReadAllAsync())
            {
                WatchResponse response = Wire.Reply(message, _recorder.Now);
                _responses.Add(response);
                Note(response);
                if (response.Canceled || IsDone)
                    return true;
                if (_bookmarks && response.Events.Count > 0 && _responses.Count % 7 == 0)
                    await stream.WriteAsync(new Protos.WatchRequest { ProgressRequest = new Protos.WatchProgressRequest() });
            }

            return true;
        }
        catch (RpcException failure)
        {
            return !failure.RequestNotSent;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return true;
        }
    }

    private void Note(WatchResponse response)
    {
        if (response.Created && _next == 0)
            _next = response.Revision + 1;
        if (response.Created)
            _created.TrySetResult();

        // A fragment is not yet a whole response: after a loss the watch resumes behind the last whole one.
        if (response.Events.Count > 0 && !response.Fragment)
            Volatile.Write(ref _next, response.Events[^1].Revision + 1);
        else if (response.IsProgress)
            Volatile.Write(ref _next, Math.Max(_next, response.Revision + 1));
        else if (response.CompactRevision > 0)
            Volatile.Write(ref _next, response.CompactRevision);
        if (IsDone)
            _finished.Cancel();
    }
}

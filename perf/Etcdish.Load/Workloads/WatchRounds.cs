namespace Etcdish.Load.Workloads;

/// <summary>
/// Lets the one who puts wait until every watcher has been created, and then until every watcher has had the event of each put. One
/// waits, many connections report.
/// </summary>
internal sealed class WatchRounds
{
    private readonly int _watchers;
    private readonly TaskCompletionSource _allCreated = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _round = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _createdLeft;
    private int _eventsLeft;

    public WatchRounds(int watchers)
    {
        _watchers = watchers;
        _createdLeft = watchers;
    }

    public Task AllCreated => _allCreated.Task;

    /// <summary>Ends when all watchers had the event of the put that follows.</summary>
    public Task BeginRound()
    {
        TaskCompletionSource round = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Volatile.Write(ref _eventsLeft, _watchers);
        Volatile.Write(ref _round, round);
        return _allCreated.Task.IsFaulted ? _allCreated.Task : round.Task;
    }

    public void Report(int created, int events)
    {
        if (created > 0 && Interlocked.Add(ref _createdLeft, -created) == 0)
        {
            _allCreated.TrySetResult();
        }

        if (events > 0 && Interlocked.Add(ref _eventsLeft, -events) == 0)
        {
            Volatile.Read(ref _round).TrySetResult();
        }
    }

    /// <summary>A watcher is lost, so no round can end any more.</summary>
    public void Fail(Exception cause)
    {
        _allCreated.TrySetException(cause);
        Volatile.Read(ref _round).TrySetException(cause);
    }
}

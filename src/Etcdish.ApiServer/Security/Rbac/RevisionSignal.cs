namespace Etcdish.ApiServer.Security.Rbac;

/// <summary>A revision that only grows, for which others can wait.</summary>
internal sealed class RevisionSignal
{
    private readonly Lock _lock = new();
    private readonly List<(long Revision, TaskCompletionSource Done)> _waiting = [];
    private long _reached;

    public long Reached => Volatile.Read(ref _reached);

    public void Reach(long revision)
    {
        List<TaskCompletionSource> done;
        lock (_lock)
        {
            if (revision <= _reached)
            {
                return;
            }

            _reached = revision;
            done = [.. _waiting.Where(waiter => waiter.Revision <= revision).Select(waiter => waiter.Done)];
            _waiting.RemoveAll(waiter => waiter.Revision <= revision);
        }

        foreach (var waiter in done)
        {
            waiter.TrySetResult();
        }
    }

    /// <summary>Waits until the revision is reached.</summary>
    public async Task WaitAsync(long revision, CancellationToken cancellation)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (revision <= _reached)
            {
                return;
            }

            _waiting.Add((revision, done));
        }

        try
        {
            await done.Task.WaitAsync(cancellation);
        }
        finally
        {
            lock (_lock)
            {
                _waiting.RemoveAll(waiter => waiter.Done == done);
            }
        }
    }
}

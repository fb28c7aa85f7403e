namespace Etcdish.ApiServer.Registry;

/// <summary>A revision that only grows, and those who wait for it.</summary>
internal sealed class Progress
{
    private readonly Lock _lock = new();
    private long _reached;
    private TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Reach(long revision)
    {
        TaskCompletionSource waiting;
        lock (_lock)
        {
            if (revision <= _reached)
            {
                return;
            }

            _reached = revision;
            waiting = _next;
            _next = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        waiting.SetResult();
    }

    public async Task WaitAsync(long revision, CancellationToken cancellation)
    {
        while (true)
        {
            Task next;
            lock (_lock)
            {
                if (_reached >= revision)
                {
                    return;
                }

                next = _next.Task;
            }

            await next.WaitAsync(cancellation);
        }
    }
}

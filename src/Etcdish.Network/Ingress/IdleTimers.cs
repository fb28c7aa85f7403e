using System.Collections.Concurrent;

namespace Etcdish.Network.Ingress;

/// <summary>Timers that wait for their next request. For use by many threads.</summary>
/// <param name="clock">The clock.</param>
internal sealed class IdleTimers(TimeProvider clock)
{
    private const int MaxWaiting = 1024;
    private readonly ConcurrentQueue<IdleTimer> _waiting = new();
    private int _count;

    /// <summary>A timer that runs for a request; <see cref="Return"/> must follow.</summary>
    public IdleTimer Start(TimeSpan patience, CancellationToken clientGone)
    {
        if (_waiting.TryDequeue(out var timer))
        {
            Interlocked.Decrement(ref _count);
        }
        else
        {
            timer = new IdleTimer(clock);
        }

        timer.Start(patience, clientGone);
        return timer;
    }

    /// <summary>The request has ended.</summary>
    public void Return(IdleTimer timer)
    {
        if (!timer.TryReset())
        {
            timer.Dispose();
        }
        else if (Interlocked.Increment(ref _count) <= MaxWaiting)
        {
            _waiting.Enqueue(timer);
        }
        else
        {
            Interlocked.Decrement(ref _count);
            timer.Dispose();
        }
    }
}

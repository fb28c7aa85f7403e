namespace Etcdish.Simulation;

/// <summary>Units of virtual time, which is counted in nanoseconds.</summary>
internal static class Span
{
    public const long Microsecond = 1_000;
    public const long Millisecond = 1_000_000;
    public const long Second = 1_000_000_000;
}

/// <summary>The world's one clock and its one queue: what is due, in order of time, then of asking.</summary>
internal sealed class EventQueue
{
    private readonly PriorityQueue<Action, (long Time, long Order)> _due = new();
    private long _order;

    /// <summary>The time now, in nanoseconds since the beginning of the world.</summary>
    public long Now { get; private set; }

    /// <summary>Events that have run.</summary>
    public long Count { get; private set; }

    /// <summary>Has something done at a time; not before now.</summary>
    public void At(long time, Action action) => _due.Enqueue(action, (Math.Max(time, Now), _order++));

    /// <summary>Has something done after a while.</summary>
    public void After(long delay, Action action) => At(Now + delay, action);

    /// <summary>Runs what is due up to a time, or until something says stop; the clock then stands there.</summary>
    public void RunUntil(long time, Func<bool> isOver)
    {
        while (!isOver() && _due.TryPeek(out Action? action, out (long Time, long Order) place) && place.Time <= time)
        {
            _due.Dequeue();
            Now = place.Time;
            Count++;
            action();
        }

        if (!isOver())
        {
            Now = Math.Max(Now, time);
        }
    }
}

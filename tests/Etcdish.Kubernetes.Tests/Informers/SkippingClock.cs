namespace Etcdish.Kubernetes.Tests.Informers;

/// <summary>A clock whose short pauses are over at once, and noted; what takes longer waits until the test lets that time pass.</summary>
internal sealed class SkippingClock : TimeProvider
{
    private static readonly TimeSpan _short = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly List<TimeSpan> _pauses = [];
    private readonly List<SkippingTimer> _waiting = [];
    private long _now;

    /// <summary>The pauses that were made, in order.</summary>
    public IReadOnlyList<TimeSpan> Pauses
    {
        get
        {
            lock (_lock)
            {
                return [.. _pauses];
            }
        }
    }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Volatile.Read(ref _now);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new SkippingTimer(this, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Lets so much time pass that all that waits is due.</summary>
    public void PassLongTime()
    {
        SkippingTimer[] due;
        lock (_lock)
        {
            _now += TimeSpan.FromHours(1).Ticks;
            due = [.. _waiting];
            _waiting.Clear();
        }

        Array.ForEach(due, timer => timer.Run());
    }

    private sealed class SkippingTimer(SkippingClock clock, Action run) : ITimer
    {
        public Action Run { get; } = run;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock._lock)
            {
                clock._waiting.Remove(this);
                if (dueTime >= _short)
                {
                    clock._waiting.Add(this);
                }
                else if (dueTime >= TimeSpan.Zero)
                {
                    clock._pauses.Add(dueTime);
                    ThreadPool.QueueUserWorkItem(_ => Run());
                }
            }

            return true;
        }

        public void Dispose()
        {
            lock (clock._lock)
            {
                clock._waiting.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}

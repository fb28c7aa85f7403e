namespace Etcdish.Testing;

/// <summary>A clock that stands still until a test moves it, with the timers that wait for it.</summary>
public sealed class ManualClock : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly List<ManualTimer> _timers = [];
    private DateTimeOffset _now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock)
        {
            return _now;
        }
    }

    public override long GetTimestamp() => GetUtcNow().Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Moves the clock, and runs what became due.</summary>
    public void Advance(TimeSpan time)
    {
        List<ManualTimer> due;
        lock (_lock)
        {
            _now += time;
            due = [.. _timers.Where(timer => timer.TryFire(_now))];
        }

        due.ForEach(timer => timer.Run());
    }

    private sealed class ManualTimer(ManualClock clock, Action run) : ITimer
    {
        private DateTimeOffset? _due;
        private TimeSpan _period;

        public Action Run { get; } = run;

        public bool TryFire(DateTimeOffset now)
        {
            if (_due is not { } due || due > now)
            {
                return false;
            }

            _due = _period > TimeSpan.Zero ? now + _period : null;
            return true;
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock._lock)
            {
                _due = dueTime < TimeSpan.Zero ? null : clock._now + dueTime;
                _period = period;
                clock._timers.Remove(this);
                clock._timers.Add(this);
                return true;
            }
        }

        public void Dispose()
        {
            lock (clock._lock)
            {
                clock._timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}

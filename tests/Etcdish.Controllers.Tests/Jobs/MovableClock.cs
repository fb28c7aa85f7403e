namespace Etcdish.Controllers.Tests.Jobs;

/// <summary>
/// A clock that runs from the beginning of 2026 on, and that a test can move ahead: pauses behind failures pass by themselves, hours do not
/// have to.
/// </summary>
internal sealed class MovableClock : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly HashSet<MovedTimer> _timers = [];
    private readonly DateTimeOffset _begin = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly DateTimeOffset _begun = System.GetUtcNow();
    private TimeSpan _moved;

    public override long TimestampFrequency => System.TimestampFrequency;

    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock)
        {
            return _begin + (System.GetUtcNow() - _begun) + _moved;
        }
    }

    public override long GetTimestamp()
    {
        lock (_lock)
        {
            return System.GetTimestamp() + (long)(_moved.TotalSeconds * TimestampFrequency);
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new MovedTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Moves the clock; what became due runs soon.</summary>
    public void Advance(TimeSpan time)
    {
        lock (_lock)
        {
            _moved += time;
            foreach (var timer in _timers)
            {
                timer.Move(time);
            }
        }
    }

    private sealed class MovedTimer : ITimer
    {
        private readonly MovableClock _clock;
        private readonly ITimer _inner;
        private DateTimeOffset? _due;
        private TimeSpan _period;

        public MovedTimer(MovableClock clock, TimerCallback callback, object? state)
        {
            _clock = clock;
            _inner = System.CreateTimer(
                s =>
                {
                    lock (clock._lock)
                    {
                        _due = _period > TimeSpan.Zero ? System.GetUtcNow() + _period : null;
                    }

                    callback(s);
                },
                state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (_clock._lock)
            {
                _due = dueTime < TimeSpan.Zero ? null : System.GetUtcNow() + dueTime;
                _period = period;
                _clock._timers.Add(this);
                return _inner.Change(dueTime, period);
            }
        }

        /// <summary>Brings it forward; under the clock's lock.</summary>
        public void Move(TimeSpan time)
        {
            if (_due is { } due)
            {
                _due = due - time;
                var left = _due.Value - System.GetUtcNow();
                _inner.Change(left > TimeSpan.Zero ? left : TimeSpan.Zero, _period);
            }
        }

        public void Dispose()
        {
            lock (_clock._lock)
            {
                _clock._timers.Remove(this);
            }

            _inner.Dispose();
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}

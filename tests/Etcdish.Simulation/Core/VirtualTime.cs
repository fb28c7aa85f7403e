namespace Etcdish.Simulation;

/// <summary>
/// The time of one machine as its programs see it: monotonic, and timers that fire in the world's queue. Nobody may ask for the date: no
/// promise of the store rests on it.
/// </summary>
/// <param name="now">The machine's time in nanoseconds.</param>
/// <param name="schedule">Has something done after a delay in nanoseconds, if the machine is still up then.</param>
internal sealed class VirtualTime(Func<long> now, Action<long, Action> schedule) : TimeProvider
{
    public override long TimestampFrequency => Span.Second;

    public override long GetTimestamp() => now();

    public override DateTimeOffset GetUtcNow() => throw new InvalidOperationException("a node asked for the date");

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        VirtualTimer timer = new(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class VirtualTimer(VirtualTime time, TimerCallback callback, object? state) : ITimer
    {
        private int _version;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            int version = ++_version;
            if (dueTime != Timeout.InfiniteTimeSpan)
            {
                time.Schedule(dueTime, () => Fire(version, period));
            }

            return true;
        }

        public void Dispose() => _version++;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void Fire(int version, TimeSpan period)
        {
            if (version != _version)
            {
                return;
            }

            callback(state);
            if (period > TimeSpan.Zero && version == _version)
            {
                time.Schedule(period, () => Fire(version, period));
            }
        }
    }

    private void Schedule(TimeSpan delay, Action action) => schedule((long)(delay.TotalMilliseconds * Span.Millisecond), action);
}

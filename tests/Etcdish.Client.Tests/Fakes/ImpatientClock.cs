namespace Etcdish.Client.Tests.Fakes;

/// <summary>A clock on which every pause is over at once, and which notes how long each would have been.</summary>
internal sealed class ImpatientClock : TimeProvider
{
    private long _now;

    public List<TimeSpan> Pauses { get; } = [];

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => _now;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        Pauses.Add(dueTime);
        _now += dueTime.Ticks;
        return System.CreateTimer(callback, state, TimeSpan.Zero, Timeout.InfiniteTimeSpan);
    }
}

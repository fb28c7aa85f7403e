namespace Etcdish.ApiServer.Metrics;

/// <summary>What something used over a time.</summary>
/// <param name="Time">The end of that time.</param>
/// <param name="Window">Its length.</param>
/// <param name="CpuNanocores">Processors used, in billionths: an average.</param>
/// <param name="MemoryBytes">Memory used at the end.</param>
internal readonly record struct UsageRate(DateTimeOffset Time, TimeSpan Window, long CpuNanocores, long MemoryBytes)
{
    /// <summary>The beginning of a container says little of it; whoever has run for less is not told of yet.</summary>
    public static readonly TimeSpan LeastLife = TimeSpan.FromSeconds(10);

    /// <summary>An average over a longer time says little of the present.</summary>
    public static readonly TimeSpan LongestWindow = TimeSpan.FromMinutes(1);

    /// <summary>The usage between two points; of what started in between, since its start. Null if that cannot be told.</summary>
    public static UsageRate? Between(UsagePoint? before, UsagePoint now)
    {
        if (before is { } earlier && !(now.Start >= earlier.Time))
        {
            return earlier.Time < now.Time && earlier.CpuNanoseconds <= now.CpuNanoseconds
                ? Over(now, now.Time - earlier.Time, now.CpuNanoseconds - earlier.CpuNanoseconds)
                : null;
        }

        return now.Start is { } start && now.Time - start >= LeastLife && now.Time - start <= LongestWindow
            ? Over(now, now.Time - start, now.CpuNanoseconds)
            : null;
    }

    private static UsageRate Over(UsagePoint now, TimeSpan window, long nanoseconds) =>
        new(now.Time, window, (long)(nanoseconds / window.TotalSeconds), now.MemoryBytes);
}

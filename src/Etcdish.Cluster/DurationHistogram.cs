namespace Etcdish.Cluster;

/// <summary>
/// How often something took how long, in buckets whose bounds double. Any thread adds; a torn view is acceptable to readers.
/// </summary>
public sealed class DurationHistogram
{
    private readonly double[] _bounds;
    private readonly long[] _counts;
    private long _ticks;

    /// <summary>Makes an empty one.</summary>
    /// <param name="first">Upper bound of the first bucket in seconds.</param>
    /// <param name="count">Number of bounds; each is twice the one before, and a last bucket is above all.</param>
    internal DurationHistogram(double first, int count)
    {
        _bounds = [.. Enumerable.Range(0, count).Select(i => first * (1L << i))];
        _counts = new long[count + 1];
    }

    /// <summary>Upper bounds of the buckets in seconds, without the last.</summary>
    public IReadOnlyList<double> Bounds => _bounds;

    /// <summary>Durations in each bucket (not cumulated); the last is above all bounds.</summary>
    public ReadOnlySpan<long> Counts => _counts;

    /// <summary>Sum of all durations in seconds.</summary>
    public double Seconds => TimeSpan.FromTicks(Interlocked.Read(ref _ticks)).TotalSeconds;

    internal void Add(TimeSpan duration)
    {
        double seconds = duration.TotalSeconds;
        int bucket = 0;
        while (bucket < _bounds.Length && seconds > _bounds[bucket])
        {
            bucket++;
        }

        Interlocked.Increment(ref _counts[bucket]);
        Interlocked.Add(ref _ticks, duration.Ticks);
    }
}

namespace Etcdish.Server.Metrics;

/// <summary>Counts of observations by upper bound, as Prometheus has them. Observing allocates nothing.</summary>
internal sealed class Histogram
{
    private readonly double[] _bounds;
    private readonly long[] _counts;
    private double _sum;

    /// <summary>Makes a histogram.</summary>
    /// <param name="bounds">Upper bounds, rising; +Inf follows them of itself.</param>
    public Histogram(double[] bounds)
    {
        _bounds = bounds;
        _counts = new long[bounds.Length + 1];
    }

    /// <summary>Upper bounds without +Inf.</summary>
    public IReadOnlyList<double> Bounds => _bounds;

    public double Sum => Volatile.Read(ref _sum);

    /// <summary>Bounds that begin at <paramref name="start"/> and grow by <paramref name="factor"/>.</summary>
    public static double[] ExponentialBounds(double start, double factor, int count)
    {
        var bounds = new double[count];
        for (int i = 0; i < count; i++)
        {
            bounds[i] = start;
            start *= factor;
        }

        return bounds;
    }

    /// <summary>Observations in bucket <paramref name="index"/> alone (not cumulated).</summary>
    public long CountIn(int index) => Interlocked.Read(ref _counts[index]);

    public void Observe(TimeSpan duration) => Observe(duration.TotalSeconds);

    public void Observe(double value)
    {
        int bucket = 0;
        while (bucket < _bounds.Length && value > _bounds[bucket])
        {
            bucket++;
        }

        Interlocked.Increment(ref _counts[bucket]);
        double seen = Volatile.Read(ref _sum);
        while (true)
        {
            double found = Interlocked.CompareExchange(ref _sum, seen + value, seen);
            if (found.Equals(seen))
            {
                return;
            }

            seen = found;
        }
    }
}

namespace Etcdish.Server.Metrics;

/// <summary>
/// The families that /metrics shows. Families are added while the server starts and never after; a family is either counted as things
/// happen (<see cref="Counter"/>, <see cref="Histogram"/>) or read when asked.
/// </summary>
internal sealed class MetricRegistry
{
    private readonly SortedDictionary<string, Action<MetricWriter>> _families = new(StringComparer.Ordinal);

    /// <summary>Adds a counter without labels.</summary>
    public Counter AddCounter(string name, string help)
    {
        var counter = new Counter();
        AddCounter(name, help, () => counter.Value);
        return counter;
    }

    /// <summary>Adds a counter that is kept elsewhere.</summary>
    public void AddCounter(string name, string help, Func<double> read) =>
        AddFamily(name, "counter", help, writer => writer.Sample(name, "", read()));

    /// <summary>Adds a gauge that is read when asked.</summary>
    public void AddGauge(string name, string help, Func<double> read) =>
        AddFamily(name, "gauge", help, writer => writer.Sample(name, "", read()));

    /// <summary>Adds a gauge that is always 1 and says something by its labels.</summary>
    public void AddInfo(string name, string help, string labels) =>
        AddFamily(name, "gauge", help, writer => writer.Sample(name, labels, 1));

    /// <summary>Adds a histogram without labels.</summary>
    public Histogram AddHistogram(string name, string help, double[] bounds)
    {
        var histogram = new Histogram(bounds);
        AddFamily(name, "histogram", help, writer => writer.Histogram(name, "", histogram));
        return histogram;
    }

    /// <summary>Adds a family whose samples <paramref name="collect"/> writes.</summary>
    public void AddFamily(string name, string type, string help, Action<MetricWriter> collect) => _families.Add(name, writer =>
    {
        writer.Family(name, type, help);
        collect(writer);
    });

    /// <summary>All families in Prometheus' text format.</summary>
    public string Collect()
    {
        var writer = new MetricWriter();
        foreach (Action<MetricWriter> collect in _families.Values)
        {
            collect(writer);
        }

        return writer.ToString();
    }
}

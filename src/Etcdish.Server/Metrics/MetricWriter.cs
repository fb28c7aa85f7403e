using System.Globalization;
using System.Text;

namespace Etcdish.Server.Metrics;

/// <summary>Writes samples in Prometheus' text format, version 0.0.4.</summary>
internal sealed class MetricWriter
{
    private readonly StringBuilder _text = new();

    public override string ToString() => _text.ToString();

    /// <summary>Begins a family: its HELP and TYPE lines.</summary>
    public void Family(string name, string type, string help)
    {
        _text.Append("# HELP ").Append(name).Append(' ').Append(help.Replace("\\", "\\\\", StringComparison.Ordinal)).Append('\n');
        _text.Append("# TYPE ").Append(name).Append(' ').Append(type).Append('\n');
    }

    /// <summary>Writes one sample; <paramref name="labels"/> is what <see cref="Labels"/> made, or empty.</summary>
    public void Sample(string name, string labels, double value)
    {
        _text.Append(name);
        if (labels.Length > 0)
        {
            _text.Append('{').Append(labels).Append('}');
        }

        _text.Append(' ').Append(Number(value)).Append('\n');
    }

    /// <summary>Writes a histogram's buckets, sum and count.</summary>
    public void Histogram(string name, string labels, Histogram histogram)
    {
        var counts = new long[histogram.Bounds.Count + 1];
        for (int i = 0; i < counts.Length; i++)
        {
            counts[i] = histogram.CountIn(i);
        }

        Buckets(name, labels, histogram.Bounds, counts, histogram.Sum);
    }

    /// <summary>Writes a histogram that is kept elsewhere.</summary>
    /// <param name="name">Name of the family.</param>
    /// <param name="labels">Labels besides "le".</param>
    /// <param name="bounds">Upper bounds without +Inf.</param>
    /// <param name="counts">Observations in each bucket, not cumulated; one more than bounds.</param>
    /// <param name="sum">Sum of all observations.</param>
    public void Buckets(string name, string labels, IReadOnlyList<double> bounds, ReadOnlySpan<long> counts, double sum)
    {
        string prefix = labels.Length > 0 ? labels + "," : "";
        long cumulated = 0;
        for (int i = 0; i < counts.Length; i++)
        {
            cumulated += counts[i];
            double bound = i < bounds.Count ? bounds[i] : double.PositiveInfinity;
            Sample(name + "_bucket", $"{prefix}le=\"{Number(bound)}\"", cumulated);
        }

        Sample(name + "_sum", labels, sum);
        Sample(name + "_count", labels, cumulated);
    }

    /// <summary>Label pairs as they stand between the braces.</summary>
    public static string Labels(params ReadOnlySpan<(string Name, string Value)> labels)
    {
        var text = new StringBuilder();
        foreach ((string name, string value) in labels)
        {
            text.Append(text.Length > 0 ? "," : "").Append(name).Append("=\"");
            foreach (char c in value)
            {
                _ = c switch
                {
                    '\\' => text.Append("\\\\"),
                    '"' => text.Append("\\\""),
                    '\n' => text.Append("\\n"),
                    _ => text.Append(c),
                };
            }

            text.Append('"');
        }

        return text.ToString();
    }

    private static string Number(double value) => double.IsPositiveInfinity(value)
        ? "+Inf"
        : value.ToString("R", CultureInfo.InvariantCulture).Replace("E", "e", StringComparison.Ordinal);
}

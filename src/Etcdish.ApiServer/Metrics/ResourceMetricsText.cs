using System.Buffers.Text;
using System.Text;

namespace Etcdish.ApiServer.Metrics;

/// <summary>
/// Reads what kubelets tell at <c>/metrics/resource</c>, in Prometheus' text format: a line a number,
/// <c>name{label="value",...} number milliseconds</c>. Five names count, the rest is skipped.
/// </summary>
internal static class ResourceMetricsText
{
    private const double NanosPerSecond = 1e9;

    // What fits into 64 bits, in nanoseconds and in bytes.
    private const double MostSeconds = 9e9;
    private const double MostBytes = 9e18;

    // The end of the year 9999, in milliseconds.
    private const long LatestTime = 253_402_300_799_999;

    /// <summary>Reads a text.</summary>
    /// <param name="text">The text, in UTF-8.</param>
    /// <param name="asked">When the kubelet was asked: the time of lines that have none.</param>
    /// <exception cref="FormatException">A line of those that count cannot be read.</exception>
    public static NodeSample Read(ReadOnlySpan<byte> text, DateTimeOffset asked)
    {
        var node = new Draft();
        var pods = new Dictionary<(string Namespace, string Name), Dictionary<string, Draft>>();
        foreach (var range in text.Split((byte)'\n'))
        {
            var line = text[range];
            if (SeriesOf(line) is { } series)
            {
                Read(line, series, asked, node, pods);
            }
        }

        return new NodeSample(asked, node.ToPoint(), Finish(pods));
    }

    private static Series? SeriesOf(ReadOnlySpan<byte> line)
    {
        var end = line.IndexOfAny("{ "u8);
        return end < 0 ? null : line[..end] switch
        {
            var name when name.SequenceEqual("node_cpu_usage_seconds_total"u8) => Series.NodeCpu,
            var name when name.SequenceEqual("node_memory_working_set_bytes"u8) => Series.NodeMemory,
            var name when name.SequenceEqual("container_cpu_usage_seconds_total"u8) => Series.ContainerCpu,
            var name when name.SequenceEqual("container_memory_working_set_bytes"u8) => Series.ContainerMemory,
            var name when name.SequenceEqual("container_start_time_seconds"u8) => Series.ContainerStart,
            _ => null,
        };
    }

    private static void Read(
        ReadOnlySpan<byte> line,
        Series series,
        DateTimeOffset asked,
        Draft node,
        Dictionary<(string Namespace, string Name), Dictionary<string, Draft>> pods)
    {
        var rest = line[line.IndexOfAny("{ "u8)..];
        var labels = new MetricLabels();
        if (rest[0] == '{')
        {
            rest = labels.Read(rest, line);
        }

        var (value, time) = ReadNumbers(rest, line);
        if (value > (series is Series.NodeMemory or Series.ContainerMemory ? MostBytes : MostSeconds))
        {
            throw Bad(line);
        }

        var draft = series is Series.NodeCpu or Series.NodeMemory ? node : DraftOf(pods, labels, line);
        switch (series)
        {
            case Series.NodeCpu or Series.ContainerCpu:
                (draft.Cpu, draft.Time) = ((long)Math.Round(value * NanosPerSecond), time ?? asked);
                break;
            case Series.NodeMemory or Series.ContainerMemory:
                draft.Memory = (long)value;
                break;
            default:
                draft.Start = DateTimeOffset.UnixEpoch + TimeSpan.FromSeconds(value);
                break;
        }
    }

    private static Draft DraftOf(
        Dictionary<(string Namespace, string Name), Dictionary<string, Draft>> pods, MetricLabels labels, ReadOnlySpan<byte> line)
    {
        if (labels is not { Namespace: { } ns, Pod: { } name, Container: { } container })
        {
            throw Bad(line);
        }

        if (!pods.TryGetValue((ns, name), out var containers))
        {
            pods[(ns, name)] = containers = new Dictionary<string, Draft>(StringComparer.Ordinal);
        }

        if (!containers.TryGetValue(container, out var draft))
        {
            containers[container] = draft = new Draft();
        }

        return draft;
    }

    private static (double Value, DateTimeOffset? Time) ReadNumbers(ReadOnlySpan<byte> text, ReadOnlySpan<byte> line)
    {
        text = text.Trim(" \t\r"u8);
        var space = text.IndexOfAny(" \t"u8);
        var number = space < 0 ? text : text[..space];
        if (!Utf8Parser.TryParse(number, out double value, out var read) || read != number.Length || value is not >= 0)
        {
            throw Bad(line);
        }

        if (space < 0)
        {
            return (value, null);
        }

        var stamp = text[space..].TrimStart(" \t"u8);
        return Utf8Parser.TryParse(stamp, out long milliseconds, out read) && read == stamp.Length && milliseconds is >= 0 and <= LatestTime
            ? (value, DateTimeOffset.FromUnixTimeMilliseconds(milliseconds))
            : throw Bad(line);
    }

    /// <summary>Of a pod of which a container is not wholly told nothing is: it begins, or ends.</summary>
    private static Dictionary<(string Namespace, string Name), SortedDictionary<string, UsagePoint>> Finish(
        Dictionary<(string Namespace, string Name), Dictionary<string, Draft>> drafts)
    {
        var pods = new Dictionary<(string Namespace, string Name), SortedDictionary<string, UsagePoint>>(drafts.Count);
        foreach (var (name, containers) in drafts)
        {
            var points = new SortedDictionary<string, UsagePoint>(StringComparer.Ordinal);
            foreach (var (container, draft) in containers)
            {
                if (draft.ToPoint() is { } point)
                {
                    points.Add(container, point);
                }
            }

            if (points.Count == containers.Count)
            {
                pods.Add(name, points);
            }
        }

        return pods;
    }

    private static FormatException Bad(ReadOnlySpan<byte> line) => new($"no measurement: {Encoding.UTF8.GetString(line)}");

    private enum Series
    {
        NodeCpu,
        NodeMemory,
        ContainerCpu,
        ContainerMemory,
        ContainerStart,
    }

    private sealed class Draft
    {
        public long? Cpu { get; set; }

        public long? Memory { get; set; }

        public DateTimeOffset Time { get; set; }

        public DateTimeOffset? Start { get; set; }

        public UsagePoint? ToPoint() =>
            Cpu is { } cpu && Memory is { } memory ? new UsagePoint(Time, cpu, memory) { Start = Start } : null;
    }

    /// <summary>The labels of a line that say whose it is.</summary>
    private ref struct MetricLabels
    {
        public string? Namespace { get; private set; }

        public string? Pod { get; private set; }

        public string? Container { get; private set; }

        /// <summary>Reads <c>{name="value",...}</c>; what comes behind it.</summary>
        public ReadOnlySpan<byte> Read(ReadOnlySpan<byte> text, ReadOnlySpan<byte> line)
        {
            text = text[1..];
            while (true)
            {
                text = text.TrimStart(", "u8);
                if (text is [(byte)'}', ..])
                {
                    return text[1..];
                }

                var equals = text.IndexOf("=\""u8);
                var length = equals < 0 ? -1 : LengthOfValue(text[(equals + 2)..]);
                if (length < 0)
                {
                    throw Bad(line);
                }

                Set(text[..equals], text.Slice(equals + 2, length));
                text = text[(equals + 2 + length + 1)..];
            }
        }

        /// <summary>Names of pods, namespaces and containers hold nothing that would be escaped.</summary>
        private void Set(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
        {
            switch (name)
            {
                case var _ when name.SequenceEqual("namespace"u8):
                    Namespace = Encoding.UTF8.GetString(value);
                    break;
                case var _ when name.SequenceEqual("pod"u8):
                    Pod = Encoding.UTF8.GetString(value);
                    break;
                case var _ when name.SequenceEqual("container"u8):
                    Container = Encoding.UTF8.GetString(value);
                    break;
            }
        }

        /// <summary>How long a value is, up to the quote that ends it; -1 if none does.</summary>
        private static int LengthOfValue(ReadOnlySpan<byte> text)
        {
            for (var i = 0; i < text.Length; i++)
            {
                if (text[i] == '\\')
                {
                    i++;
                }
                else if (text[i] == '"')
                {
                    return i;
                }
            }

            return -1;
        }
    }
}

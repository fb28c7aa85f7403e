using System.Globalization;
using System.Text;

namespace Etcdish.ApiServer.Tests.Metrics;

/// <summary>
/// What kubelets tell at <c>/metrics/resource</c>. Each time it is asked for, ten seconds have passed, in which the node has used two cores
/// and each container as much as was said when it was added.
/// </summary>
internal sealed class KubeletText
{
    private static readonly DateTimeOffset _begin = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly List<(string Labels, double Cores, long Bytes)> _containers = [];
    private int _asked;

    /// <summary>How often it was asked for.</summary>
    public int Asked => _asked;

    public KubeletText Add(string ns, string pod, string container, double cores, long bytes)
    {
        _containers.Add(($"container=\"{container}\",namespace=\"{ns}\",pod=\"{pod}\"", cores, bytes));
        return this;
    }

    public string Next()
    {
        const int StepSeconds = 10;
        var passed = TimeSpan.FromSeconds(StepSeconds * Interlocked.Increment(ref _asked));
        var stamp = (_begin + passed).ToUnixTimeMilliseconds();
        var text = new StringBuilder();
        Head("container_cpu_usage_seconds_total", "counter");
        _containers.ForEach(c => Line($"container_cpu_usage_seconds_total{{{c.Labels}}}", $"{c.Cores * passed.TotalSeconds}"));
        Head("container_memory_working_set_bytes", "gauge");
        _containers.ForEach(c => Line($"container_memory_working_set_bytes{{{c.Labels}}}", $"{c.Bytes:e}"));
        Head("container_start_time_seconds", "gauge");
        _containers.ForEach(c => Line($"container_start_time_seconds{{{c.Labels}}}", $"{_begin.AddDays(-1).ToUnixTimeSeconds()}"));
        Head("node_cpu_usage_seconds_total", "counter");
        Line("node_cpu_usage_seconds_total", $"{2 * passed.TotalSeconds}");
        Head("node_memory_working_set_bytes", "gauge");
        Line("node_memory_working_set_bytes", $"{1L << 30}");
        Head("pod_cpu_usage_seconds_total", "counter");
        Line("pod_cpu_usage_seconds_total{namespace=\"n\",pod=\"p\"}", $"1");
        text.Append("resource_scrape_error 0\n");
        return text.ToString();

        void Head(string name, string type) => text.Append(CultureInfo.InvariantCulture, $"# HELP {name} [STABLE] Words\n# TYPE {name} {type}\n");

        void Line(string series, FormattableString value) =>
            text.Append(CultureInfo.InvariantCulture, $"{series} {FormattableString.Invariant(value)} {stamp}\n");
    }
}

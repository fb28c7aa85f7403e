using System.Text;
using Etcdish.ApiServer.Metrics;

namespace Etcdish.ApiServer.Tests.Metrics;

/// <summary>What kubelets tell, read.</summary>
public sealed class ResourceMetricsTextTests
{
    private static readonly DateTimeOffset _asked = new(2026, 1, 1, 0, 0, 7, TimeSpan.Zero);

    [Test]
    public void A_kubelets_own_words()
    {
        var sample = Read("""
            # HELP container_cpu_usage_seconds_total [STABLE] Cumulative cpu time consumed by the container in core-seconds
            # TYPE container_cpu_usage_seconds_total counter
            container_cpu_usage_seconds_total{container="coredns",namespace="kube-system",pod="coredns-1"} 4.710169 1767225600250
            container_memory_working_set_bytes{container="coredns",namespace="kube-system",pod="coredns-1"} 1.2910592e+07 1767225600250
            container_start_time_seconds{container="coredns",namespace="kube-system",pod="coredns-1"} 1.7672256e+09
            container_swap_usage_bytes{container="coredns",namespace="kube-system",pod="coredns-1"} 0 1767225600250
            node_cpu_usage_seconds_total 350.5 1767225601000
            node_memory_working_set_bytes 1.0e+09 1767225601000
            pod_cpu_usage_seconds_total{namespace="kube-system",pod="coredns-1"} 4.8 1767225600250
            resource_scrape_error 0
            """);
        var begin = DateTimeOffset.FromUnixTimeSeconds(1767225600);
        Assert.That(sample.Time, Is.EqualTo(_asked));
        Assert.That(sample.Node, Is.EqualTo(new UsagePoint(begin.AddSeconds(1), 350_500_000_000, 1_000_000_000)));
        Assert.That(sample.Pods.Keys, Is.EqualTo([("kube-system", "coredns-1")]));
        Assert.That(sample.Pods[("kube-system", "coredns-1")], Is.EqualTo(new Dictionary<string, UsagePoint>
        {
            ["coredns"] = new(begin.AddMilliseconds(250), 4_710_169_000, 12_910_592) { Start = begin },
        }));
    }

    [Test]
    public void What_has_no_time_was_measured_when_it_was_asked_for() =>
        Assert.That(Read("node_cpu_usage_seconds_total 1\nnode_memory_working_set_bytes 2\r\n").Node, Is.EqualTo(new UsagePoint(_asked, 1_000_000_000, 2)));

    [Test]
    public void Of_a_pod_that_is_told_in_part_nothing_is_told() => Assert.That(
        Read("""
            container_cpu_usage_seconds_total{container="a",namespace="n",pod="p"} 1
            container_memory_working_set_bytes{container="a",namespace="n",pod="p"} 1
            container_cpu_usage_seconds_total{container="b",namespace="n",pod="p"} 1
            """).Pods,
        Is.Empty);

    [Test]
    public void Labels_may_come_in_any_order_and_hold_anything()
    {
        var sample = Read("""
            container_cpu_usage_seconds_total{pod="p", x="a\"},\\", namespace="n",container="c",} 1
            container_memory_working_set_bytes{pod="p",namespace="n",container="c"} 1
            """);
        Assert.That(sample.Pods.Keys, Is.EqualTo([("n", "p")]));
    }

    [TestCase("node_cpu_usage_seconds_total much")]
    [TestCase("node_cpu_usage_seconds_total 1x 2")]
    [TestCase("node_cpu_usage_seconds_total -1")]
    [TestCase("node_cpu_usage_seconds_total NaN")]
    [TestCase("node_cpu_usage_seconds_total 1e99")]
    [TestCase("node_cpu_usage_seconds_total 1 late")]
    [TestCase("node_cpu_usage_seconds_total 1 9223372036854775807")]
    [TestCase("node_memory_working_set_bytes ")]
    [TestCase("container_cpu_usage_seconds_total 1")]
    [TestCase("container_cpu_usage_seconds_total{pod=\"p\"} 1")]
    [TestCase("container_cpu_usage_seconds_total{pod=\"p")]
    [TestCase("container_cpu_usage_seconds_total{pod")]
    [TestCase("container_cpu_usage_seconds_total{")]
    public void What_cannot_be_read_is_said(string line) =>
        Assert.That(() => Read(line), Throws.TypeOf<FormatException>().With.Message.Contains(line));

    private static NodeSample Read(string text) => ResourceMetricsText.Read(Encoding.UTF8.GetBytes(text), _asked);
}

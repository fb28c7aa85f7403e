using Etcdish.Server.Metrics;

namespace Etcdish.Server.Tests;

public sealed class MetricsTests
{
    [Test]
    public void Families_are_written_in_the_text_format()
    {
        var registry = new MetricRegistry();
        Counter counter = registry.AddCounter("b_total", "Counts.");
        registry.AddGauge("a", "Says \\ something.", () => 2_147_483_648);
        Histogram histogram = registry.AddHistogram("c_seconds", "Times.", Histogram.ExponentialBounds(0.001, 2, 2));
        counter.Increment();
        counter.Add(2);
        histogram.Observe(0.001);
        histogram.Observe(0.0015);
        histogram.Observe(TimeSpan.FromSeconds(1));

        Assert.That(registry.Collect(), Is.EqualTo("""
            # HELP a Says \\ something.
            # TYPE a gauge
            a 2147483648
            # HELP b_total Counts.
            # TYPE b_total counter
            b_total 3
            # HELP c_seconds Times.
            # TYPE c_seconds histogram
            c_seconds_bucket{le="0.001"} 1
            c_seconds_bucket{le="0.002"} 2
            c_seconds_bucket{le="+Inf"} 3
            c_seconds_sum 1.0025
            c_seconds_count 3

            """.ReplaceLineEndings("\n")));
    }

    [Test]
    public void Label_values_are_escaped() =>
        Assert.That(MetricWriter.Labels(("a", "x\"y"), ("b", "\\\n")), Is.EqualTo("a=\"x\\\"y\",b=\"\\\\\\n\""));

    [Test]
    public void Concurrent_observations_are_all_counted()
    {
        var histogram = new Histogram([1.0]);
        Parallel.For(0, 10_000, _ => histogram.Observe(0.5));

        Assert.Multiple(() =>
        {
            Assert.That(histogram.CountIn(0), Is.EqualTo(10_000));
            Assert.That(histogram.Sum, Is.EqualTo(5_000.0));
        });
    }

    [Test]
    public void The_process_shows_its_memory_and_descriptors()
    {
        var registry = new MetricRegistry();
        ProcessMetrics.Register(registry);

        Assert.That(registry.Collect(), Does.Match(@"(?m)^process_resident_memory_bytes [1-9]").And.Match(@"(?m)^os_fd_used [1-9]"));
    }
}

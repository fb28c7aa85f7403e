using Etcdish.Load.Comparing;
using Etcdish.Load.Measuring;
using Etcdish.Load.Workloads;

namespace Etcdish.Client.Tests.Load;

public sealed class MeasuringTests
{
    [Test]
    public void Percentiles_are_within_a_bucket_of_the_truth()
    {
        LatencyHistogram histogram = new();
        for (long value = 1; value <= 1_000_000; value++)
        {
            histogram.Record(value);
        }

        Assert.That(histogram.Count, Is.EqualTo(1_000_000));
        Assert.That(histogram.Percentile(0.5), Is.EqualTo(500_000).Within(0.8).Percent);
        Assert.That(histogram.Percentile(0.99), Is.EqualTo(990_000).Within(0.8).Percent);
        Assert.That(histogram.Percentile(1), Is.EqualTo(1_000_000));
    }

    [Test]
    public void Small_values_are_exact_and_large_ones_fit()
    {
        LatencyHistogram histogram = new();
        histogram.Record(7);
        Assert.That(histogram.Percentile(0.5), Is.EqualTo(7));
        histogram.Record(long.MaxValue);
        Assert.That(histogram.Percentile(1), Is.EqualTo(long.MaxValue));
    }

    [Test]
    public void Histograms_add_up()
    {
        LatencyHistogram one = new();
        LatencyHistogram two = new();
        one.Record(10);
        two.Record(20);
        one.Add(two);
        Assert.That(one.Count, Is.EqualTo(2));
        Assert.That(one.Percentile(1), Is.EqualTo(20));
    }

    [TestCase("put-10x10:throughput>=3", true)]
    [TestCase("put-10x10:throughput>=3.1", false)]
    [TestCase("put-10x10:cpu<=0.3", true)]
    [TestCase("put-10x10:p99<=0.3", false)]
    public void Bounds_hold_or_not(string text, bool holds) =>
        Assert.That(Bound.ParseAll(text).Single().Holds(new CaseRatios(3, 0.3, 0.2, 0.4)), Is.EqualTo(holds));

    [Test]
    public void A_ratio_that_was_not_measured_keeps_no_bound() =>
        Assert.That(Bound.ParseAll("put-10x10:cpu<=0.3").Single().Holds(new CaseRatios(3, double.NaN, 0.2, 0.4)), Is.False);

    [Test]
    public void The_promised_bounds_are_six() => Assert.That(Bound.ParseAll(Bound.Promised), Has.Count.EqualTo(6));

    [Test]
    public void The_promised_bounds_of_three_nodes_are_five() => Assert.That(Bound.ParseAll(Bound.PromisedOfThree), Has.Count.EqualTo(5));

    [TestCase("nope:cpu<=1")]
    [TestCase("put-10x10")]
    [TestCase("put-10x10:speed>=1")]
    [TestCase("put-10x10:cpu=1")]
    [TestCase("put-10x10:cpu<=fast")]
    public void What_is_no_bound_is_refused(string text) => Assert.That(() => Bound.ParseAll(text), Throws.ArgumentException);

    [Test]
    public void The_first_key_is_the_most_frequent_under_Zipf()
    {
        LoadOptions options = new()
        {
            Endpoints = [new Uri("http://127.0.0.1:1")],
            Workload = WorkloadKind.Put,
            KeySpace = 1000,
            Distribution = KeyDistribution.Zipf,
        };
        KeyChooser keys = new(options, 0, new SharedCounter());
        int[] counts = new int[options.KeySpace];
        for (int i = 0; i < 100_000; i++)
        {
            counts[keys.Next()]++;
        }

        Assert.That(counts[0], Is.EqualTo(counts.Max()));
        Assert.That(counts[0], Is.EqualTo(13_000).Within(5).Percent, "1 / sum of 1/r^0.99 for 1,000 ranks is 13 %");
    }
}

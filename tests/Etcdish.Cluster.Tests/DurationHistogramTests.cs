namespace Etcdish.Cluster.Tests;

public class DurationHistogramTests
{
    [TestCase(0, 0)]
    [TestCase(1, 0)]
    [TestCase(1.1, 1)]
    [TestCase(2, 1)]
    [TestCase(4, 2)]
    [TestCase(4.1, 3)]
    [TestCase(9999, 3)]
    public void A_duration_counts_in_the_first_bucket_that_holds_it(double milliseconds, int bucket)
    {
        DurationHistogram histogram = new(0.001, 3);
        histogram.Add(TimeSpan.FromMilliseconds(milliseconds));
        long[] expected = new long[4];
        expected[bucket] = 1;
        Assert.That(histogram.Counts.ToArray(), Is.EqualTo(expected));
        Assert.That(histogram.Seconds, Is.EqualTo(milliseconds / 1000).Within(1e-6));
        Assert.That(histogram.Bounds, Is.EqualTo(new[] { 0.001, 0.002, 0.004 }));
    }

    [Test]
    public void Round_trips_are_told_by_member_with_the_bounds_of_etcd()
    {
        NodeMetrics metrics = new();
        metrics.RoundTrip(2, TimeSpan.FromMilliseconds(1));
        metrics.RoundTrip(1, TimeSpan.FromMilliseconds(1));
        metrics.RoundTrip(2, TimeSpan.FromMilliseconds(1));
        Assert.That(metrics.RoundTrips.Select(trips => trips.Key), Is.EqualTo(new ulong[] { 1, 2 }));
        DurationHistogram second = metrics.RoundTrips.Last().Value;
        Assert.That(second.Counts.ToArray().Sum(), Is.EqualTo(2));
        Assert.That(second.Bounds[0], Is.EqualTo(0.0001));
        Assert.That(second.Bounds[^1], Is.EqualTo(3.2768).Within(1e-9));
    }
}

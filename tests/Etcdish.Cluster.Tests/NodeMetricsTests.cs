namespace Etcdish.Cluster.Tests;

public sealed class NodeMetricsTests
{
    [Test]
    public void Round_trips_may_be_read_while_members_come()
    {
        const ulong Members = 100_000;
        var metrics = new NodeMetrics();
        Task coming = Task.Run(() =>
        {
            for (ulong member = 1; member <= Members; member++)
            {
                metrics.RoundTrip(member, TimeSpan.FromMilliseconds(1));
            }
        });
        while (!coming.IsCompleted)
        {
            Assert.That(metrics.RoundTrips.Select(pair => pair.Key), Is.Ordered);
        }

        Assert.That(metrics.RoundTrips.Count(), Is.EqualTo(Members));
    }
}

using Etcdish.ApiServer.Metrics;

namespace Etcdish.ApiServer.Tests.Metrics;

/// <summary>What was used between two points. Times are seconds.</summary>
public sealed class UsageRateTests
{
    private static readonly DateTimeOffset _zero = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Test]
    public void It_is_an_average()
    {
        var rate = UsageRate.Between(Point(100, 50), Point(115.5, 57.75));
        Assert.That(rate, Is.EqualTo(new UsageRate(_zero.AddSeconds(115.5), TimeSpan.FromSeconds(15.5), 500_000_000, 7)));
    }

    [TestCase(100, 57.0, TestName = "The kubelet has measured nothing new")]
    [TestCase(99, 57.0, TestName = "The kubelet tells what is older")]
    [TestCase(115, 49.0, TestName = "Time on processors went back")]
    public void Nothing_is_told(double time, double cpu) => Assert.That(UsageRate.Between(Point(100, 50), Point(time, cpu)), Is.Null);

    [TestCase(80, 110, 2.0, TestName = "It was there before: started, and measured for ten seconds")]
    public void What_started_before_is_told_as_all_else(double start, double time, double cpu) =>
        Assert.That(UsageRate.Between(Point(100, 1), Point(time, cpu, start))!.Value.CpuNanocores, Is.EqualTo(100_000_000));

    [TestCase(true)]
    [TestCase(false)]
    public void What_started_in_between_is_told_since_its_start(bool isRestart)
    {
        var rate = UsageRate.Between(isRestart ? Point(100, 50, 0) : null, Point(120, 5, 110));
        Assert.That(rate!.Value.Window, Is.EqualTo(TimeSpan.FromSeconds(10)));
        Assert.That(rate.Value.CpuNanocores, Is.EqualTo(500_000_000));
    }

    [TestCase(111)]
    [TestCase(40)]
    [TestCase(null)]
    public void What_has_just_started_or_was_not_seen_for_long_is_not_told(double? start) =>
        Assert.That(UsageRate.Between(null, Point(120, 5, start)), Is.Null);

    private static UsagePoint Point(double time, double cpu, double? start = null) =>
        new(_zero.AddSeconds(time), (long)(cpu * 1e9), 7) { Start = start is { } seconds ? _zero.AddSeconds(seconds) : null };
}

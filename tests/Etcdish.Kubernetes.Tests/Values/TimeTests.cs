namespace Etcdish.Kubernetes.Tests;

public sealed class TimeTests
{
    [TestCase("2006-01-02T15:04:05Z", "2006-01-02T15:04:05Z", "2006-01-02T15:04:05.000000Z")]
    [TestCase("2006-01-02T15:04:05.123456789Z", "2006-01-02T15:04:05Z", "2006-01-02T15:04:05.123456Z")]
    [TestCase("2006-01-02T15:04:05.5+02:30", "2006-01-02T12:34:05Z", "2006-01-02T12:34:05.500000Z")]
    [TestCase("1969-12-31T23:59:59.25Z", "1969-12-31T23:59:59Z", "1969-12-31T23:59:59.250000Z")]
    [TestCase("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z")]
    [TestCase("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.000000Z")]
    public void Times_are_written_in_utc(string text, string seconds, string micros)
    {
        Assert.That(TimeText.TryParse(text, out DateTimeOffset time), Is.True);
        Assert.That(TimeText.Format(time), Is.EqualTo(seconds));
        Assert.That(TimeText.FormatMicro(time), Is.EqualTo(micros));
    }

    [TestCase("")]
    [TestCase("2006-01-02")]
    [TestCase("2006-01-02 15:04:05Z")]
    [TestCase("2006-01-02T15:04:05")]
    [TestCase("2006-13-02T15:04:05Z")]
    [TestCase("2006-02-30T15:04:05Z")]
    [TestCase("2006-01-02T24:04:05Z")]
    [TestCase("2006-01-02T15:04:05.Z")]
    [TestCase("2006-01-02T15:04:05+2:00")]
    [TestCase("0000-01-02T15:04:05Z")]
    [TestCase("0001-01-01T00:00:00+01:00")]
    [TestCase("2006-01-02T15:04:05Zx")]
    public void What_is_no_time_is_refused(string text) => Assert.That(TimeText.TryParse(text, out _), Is.False);

    [TestCase(0, "0s")]
    [TestCase(1, "1ns")]
    [TestCase(1_500, "1.5µs")]
    [TestCase(150_000_000, "150ms")]
    [TestCase(3_723_500_000_000, "1h2m3.5s")]
    [TestCase(3_600_000_000_000, "1h0m0s")]
    [TestCase(-60_000_000_000, "-1m0s")]
    [TestCase(long.MinValue, "-2562047h47m16.854775808s")]
    public void Durations_are_written_as_go_writes_them(long nanoseconds, string text) =>
        Assert.That(DurationText.Format(nanoseconds), Is.EqualTo(text));

    [TestCase("1h2m3.5s", 3_723_500_000_000)]
    [TestCase("30s", 30_000_000_000)]
    [TestCase("-1.5h", -5_400_000_000_000)]
    [TestCase("100us", 100_000)]
    [TestCase("0", 0)]
    public void Durations_are_read(string text, long nanoseconds)
    {
        Assert.That(DurationText.TryParse(text, out var value), Is.True);
        Assert.That(value, Is.EqualTo(nanoseconds));
    }

    [TestCase("")]
    [TestCase("1")]
    [TestCase("h")]
    [TestCase("1d")]
    [TestCase("1h 2m")]
    [TestCase("99999999h")]
    [TestCase("1..5s")]
    public void What_is_no_duration_is_refused(string text) => Assert.That(DurationText.TryParse(text, out _), Is.False);
}

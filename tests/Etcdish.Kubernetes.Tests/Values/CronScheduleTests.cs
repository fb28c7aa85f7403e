using System.Globalization;

namespace Etcdish.Kubernetes.Tests.Values;

public sealed class CronScheduleTests
{
    [TestCase("* * * * *", "2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z")]
    [TestCase("* * * * *", "2026-01-01T00:00:59.5Z", "2026-01-01T00:01:00Z")]
    [TestCase("0/15 * * * *", "2026-07-09T14:45:00Z", "2026-07-09T15:00:00Z")]
    [TestCase("20-35/15 * * * *", "2026-07-09T14:45:00Z", "2026-07-09T15:20:00Z")]
    [TestCase("*/15,7 * * * *", "2026-07-09T15:00:00Z", "2026-07-09T15:07:00Z")]
    [TestCase("30 8-10/2 * * *", "2026-07-09T08:30:00Z", "2026-07-09T10:30:00Z")]
    [TestCase("0 0 29 2 *", "2026-07-09T00:00:00Z", "2028-02-29T00:00:00Z")]
    [TestCase("0 0 31 2 *", "2026-07-09T00:00:00Z", null)]
    [TestCase("0 0 1,15 * *", "2026-07-09T00:00:00Z", "2026-07-15T00:00:00Z")]
    [TestCase("0 0 1,15 * SUN", "2026-07-09T00:00:00Z", "2026-07-12T00:00:00Z")]
    [TestCase("0 0 * * mon-fri", "2026-07-10T00:00:00Z", "2026-07-13T00:00:00Z")]
    [TestCase("0 0 1 * ?", "2026-07-10T00:00:00Z", "2026-08-01T00:00:00Z")]
    [TestCase("0 0 */10 * SUN", "2026-07-09T00:00:00Z", "2026-07-11T00:00:00Z")]
    [TestCase("0 0 1 dec *", "2026-12-01T00:00:00Z", "2027-12-01T00:00:00Z")]
    [TestCase("@hourly", "2026-12-31T23:30:00Z", "2027-01-01T00:00:00Z")]
    [TestCase("@daily", "2026-12-31T23:30:00Z", "2027-01-01T00:00:00Z")]
    [TestCase("@weekly", "2026-07-09T00:00:00Z", "2026-07-12T00:00:00Z")]
    [TestCase("@monthly", "2026-07-09T00:00:00Z", "2026-08-01T00:00:00Z")]
    [TestCase("@annually", "2026-07-09T00:00:00Z", "2027-01-01T00:00:00Z")]
    [TestCase("@every 1h30m", "2026-07-09T00:00:00.7Z", "2026-07-09T01:30:00Z")]
    [TestCase("@every 10ms", "2026-07-09T00:00:00Z", "2026-07-09T00:00:01Z")]
    public void The_next_time(string schedule, string after, string? expected) =>
        Assert.That(Read(schedule).Next(Time(after), TimeZoneInfo.Utc), Is.EqualTo(expected is null ? null : (DateTimeOffset?)Time(expected)));

    [TestCase("30 2 * * *", "2026-03-07T12:00:00Z", "2026-03-09T06:30:00Z", Description = "02:30 does not exist on March 8")]
    [TestCase("0 * * * *", "2026-03-08T06:00:00Z", "2026-03-08T07:00:00Z")]
    [TestCase("0 0 * * *", "2026-07-09T00:00:00Z", "2026-07-09T04:00:00Z")]
    [TestCase("30 1 * * *", "2026-11-01T04:00:00Z", "2026-11-01T05:30:00Z", Description = "01:30, for the first time")]
    [TestCase("30 1 * * *", "2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z", Description = "01:30, for the second time")]
    [TestCase("30 1 * * *", "2026-11-01T06:30:00Z", "2026-11-02T06:30:00Z")]
    [TestCase("45,50 1 * * *", "2026-11-01T05:46:00Z", "2026-11-01T05:50:00Z", Description = "not 01:45 an hour later")]
    public void Clocks_that_are_set(string schedule, string after, string expected) =>
        Assert.That(Read(schedule).Next(Time(after), TimeZoneInfo.FindSystemTimeZoneById("America/New_York")), Is.EqualTo(Time(expected)));

    [TestCase("* * * *", "expected exactly 5 fields, found 4: [* * * *]")]
    [TestCase("60 * * * *", "end of range (60) above maximum (59): 60")]
    [TestCase("* * 0 * *", "beginning of range (0) below minimum (1): 0")]
    [TestCase("5-3 * * * *", "beginning of range (5) beyond end of range (3): 5-3")]
    [TestCase("*/0 * * * *", "step of range should be a positive number: */0")]
    [TestCase("1-2-3 * * * *", "too many hyphens: 1-2-3")]
    [TestCase("1/2/3 * * * *", "too many slashes: 1/2/3")]
    [TestCase("x * * * *", "failed to parse int from x: strconv.Atoi: parsing \"x\": invalid syntax")]
    [TestCase("-1 * * * *", "failed to parse int from : strconv.Atoi: parsing \"\": invalid syntax")]
    [TestCase("@never", "unrecognized descriptor: @never")]
    [TestCase("@every x", "failed to parse duration @every x: time: invalid duration \"x\"")]
    public void What_cannot_be_understood_is_told(string schedule, string expected)
    {
        Assert.That(CronSchedule.TryParse(schedule, out _, out var problem), Is.False);
        Assert.That(problem, Is.EqualTo(expected));
    }

    [Test]
    public void The_last_time_is_the_last_of_the_next_ones([Range(1, 40)] int seed)
    {
        var random = new Random(seed);
        var schedule = Read(((string[])["*/7 * * * *", "@every 11m", "0 */5 * * *", "30 1 * * *", "15 3 1 * *", "0 0 * * 3"])[seed % 6]);
        var zone = TimeZoneInfo.FindSystemTimeZoneById(seed % 2 == 0 ? "Europe/Berlin" : "America/New_York");
        var after = Time("2026-01-01T00:00:00Z").AddMinutes(random.Next(500_000));
        var until = after.AddMinutes(random.Next(20_000));
        DateTimeOffset? last = null;
        for (var next = schedule.Next(after, zone); next <= until; next = schedule.Next(next.Value, zone))
        {
            last = next;
        }

        Assert.That(schedule.Last(after, until, zone), Is.EqualTo(last), $"{after} {until}");
    }

    private static CronSchedule Read(string text) => CronSchedule.TryParse(text, out var schedule, out var problem)
        ? schedule
        : throw new FormatException(problem);

    private static DateTimeOffset Time(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}

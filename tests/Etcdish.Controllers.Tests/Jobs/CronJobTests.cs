using Etcdish.ClusterBench;
using Etcdish.Controllers.Jobs;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Tests.Jobs;

/// <summary>Cron jobs, on a clock that the tests move. Their names say how the pods of their jobs end.</summary>
public sealed class CronJobTests
{
    private ControlBench _bench = null!;
    private MovableClock _clock = null!;

    [SetUp]
    public async Task Start()
    {
        _clock = new MovableClock();
        _bench = await ControlBench.StartAsync(_clock);
        _bench.Add(new CronJobController(_bench.Context));
        _bench.Add(new JobController(_bench.Context));
        _bench.Add(new JobKubelet(_bench.Context, pod => pod.Spec.Containers[0].Image));
        await _bench.RunAsync();
    }

    [TearDown]
    public async Task Stop()
    {
        await _bench.DisposeAsync();
        Assert.That(_bench.Warnings, Has.None.Contains("a defect"));
    }

    [Test]
    public async Task A_job_is_made_when_it_is_time()
    {
        await CreateAsync("'timeZone':'America/New_York',", "Running");
        await MoveAsync(301);
        var jobs = await _bench.WaitAsync(Resources.Jobs, "default", jobs => jobs.Count == 1);
        Assert.That(jobs[0].Metadata.Name, Is.EqualTo("c-" + (_clock.GetUtcNow().ToUnixTimeSeconds() / 60)));
        Assert.That(jobs[0].Metadata.Annotations["batch.kubernetes.io/cronjob-scheduled-timestamp"], Is.EqualTo("2025-12-31T19:05:00-05:00"));
        Assert.That(jobs[0].Metadata.Labels["app"], Is.EqualTo("nightly"));
        var cron = await CronAsync(cron => cron.Status.LastScheduleTime is not null);
        Assert.That(cron.Status.Active.Select(a => a.Uid), Is.EqualTo([jobs[0].Metadata.Uid]));
        Assert.That(TimeText.Format(cron.Status.LastScheduleTime!.Value), Is.EqualTo("2026-01-01T00:05:00Z"));
    }

    [Test]
    public async Task Old_jobs_go_and_success_is_noted()
    {
        await CreateAsync("'successfulJobsHistoryLimit':1,", "Succeeded");
        for (var run = 0; run < 3; run++)
        {
            await MoveAsync(300);
            var time = _clock.GetUtcNow();
            await CronAsync(cron => cron.Status.LastSuccessfulTime >= time.AddSeconds(-1) && cron.Status.Active.Length == 0);
        }

        var jobs = await _bench.WaitAsync(Resources.Jobs, "default", jobs => jobs.Count(job => !job.Metadata.IsBeingDeleted) == 1);
        Assert.That(jobs.Select(job => job.Metadata.Name), Has.Member("c-" + (_clock.GetUtcNow().ToUnixTimeSeconds() / 60)));
        await EventAsync("SawCompletedJob", message => message.StartsWith("Saw completed job: c-", StringComparison.Ordinal)
            && message.EndsWith(", condition: Complete", StringComparison.Ordinal));
    }

    [Test]
    public async Task What_is_forbidden_waits_and_runs_late()
    {
        await CreateAsync("'concurrencyPolicy':'Forbid',", "Running");
        await MoveAsync(300);
        await CronAsync(cron => cron.Status.Active.Length == 1);
        await MoveAsync(300);
        await EventAsync("JobAlreadyActive", _ => true);
        var first = (await _bench.WaitAsync(Resources.Jobs, "default", jobs => jobs.Count == 1))[0];
        await _bench.Client.DeleteAsync(
            Resources.Jobs, "default", first.Metadata.Name, new Kubernetes.Client.DeleteOptions { Propagation = "Background" }, CancellationToken.None);
        await _bench.WaitAsync(Resources.Jobs, "default", jobs => jobs.Count == 1 && jobs[0].Metadata.Uid != first.Metadata.Uid);
        await EventAsync("MissingJob", message => message == $"Active job went missing: {first.Metadata.Name}");
    }

    [Test]
    public async Task What_runs_is_replaced()
    {
        await CreateAsync("'concurrencyPolicy':'Replace',", "Running");
        await MoveAsync(300);
        var first = (await CronAsync(cron => cron.Status.Active.Length == 1)).Status.Active[0];
        await MoveAsync(300);
        await CronAsync(cron => cron.Status.Active is [var second] && second.Uid != first.Uid);
        await _bench.WaitAsync(Resources.Jobs, "default", jobs => jobs.All(job => job.Metadata.Uid != first.Uid || job.Metadata.IsBeingDeleted));
    }

    [Test]
    public async Task Suspended_it_makes_nothing_and_later_only_the_last()
    {
        await CreateAsync("'suspend':true,", "Running");
        await _bench.PatchAsync(Resources.CronJobs, "default", "c", "{'status':{'lastScheduleTime':'2025-12-31T00:00:00Z'}}", "status");
        await MoveAsync(300);
        await _bench.PatchAsync(Resources.CronJobs, "default", "c", "{'spec':{'suspend':false}}");
        var jobs = await _bench.WaitAsync(Resources.Jobs, "default", jobs => jobs.Count > 0);
        Assert.That(jobs.Select(job => job.Metadata.Name), Is.EqualTo(["c-" + (_clock.GetUtcNow().ToUnixTimeSeconds() / 60)]));
        await EventAsync(
            "TooManyMissedTimes",
            message => message == "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew");
    }

    [TestCase(null, 0, null, "00:05")]
    [TestCase(null, 299, null, "00:05")]
    [TestCase(null, 300, "00:05", "00:10")]
    [TestCase(null, 1499, "00:20", "00:25")]
    [TestCase("00:20", 1499, null, "00:25")]
    [TestCase("00:20", 1500, "00:25", "00:30")]
    [TestCase("00:05", 1270, "00:20", "00:25", 120)]
    [TestCase("00:05", 1330, null, "00:25", 120)]
    public void Times_that_are_missed(string? last, int seconds, string? due, string next, int? deadline = null)
    {
        var start = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        var cron = new CronJob
        {
            Metadata = { CreationTimestamp = start },
            Spec = { StartingDeadlineSeconds = deadline },
            Status = { LastScheduleTime = last is null ? null : start + TimeSpan.Parse(last, null) },
        };
        Assert.That(CronSchedule.TryParse("*/5 * * * *", out var schedule, out _));
        var times = CronTimes.Of(cron, schedule!, TimeZoneInfo.Utc, start.AddSeconds(seconds));
        Assert.That(times, Is.EqualTo(new CronTimes(
            due is null ? null : start + TimeSpan.Parse(due, null), false, start + TimeSpan.Parse(next, null))));
    }

    private Task<CronJob> CreateAsync(string spec, string image) => _bench.CreateAsync(
        Resources.CronJobs, "default",
        $"{{'metadata':{{'name':'c'}},'spec':{{{spec}'schedule':'*/5 * * * *','jobTemplate':{{'metadata':{{'labels':{{'app':'nightly'}}}},'spec':{{"
        + $"'template':{{'spec':{{'restartPolicy':'Never','containers':[{{'name':'c','image':'{image}'}}]}}}}}}}}}}}}");

    /// <summary>Moves the clock, and makes the controller look whether it saw the clock before or not.</summary>
    private async Task MoveAsync(int seconds)
    {
        _clock.Advance(TimeSpan.FromSeconds(seconds));
        await _bench.PatchAsync(
            Resources.CronJobs, "default", "c", $"{{'metadata':{{'annotations':{{'touched':'{_clock.GetUtcNow().Ticks}'}}}}}}");
    }

    private async Task<CronJob> CronAsync(Func<CronJob, bool> condition) => (await _bench.WaitAsync(
        Resources.CronJobs, "default", crons => crons.Count == 1 && condition(crons[0]),
        cron => $"{cron} {cron.Status.Active.Length} {cron.Status.LastScheduleTime} {cron.Status.LastSuccessfulTime}"))[0];

    private async Task EventAsync(string reason, Func<string, bool> message) => await _bench.WaitAsync(
        EventForTests.Events, "default", events => events.Any(e => e.Reason == reason && message(e.Message)), e => $"{e.Reason} {e.Message}");
}

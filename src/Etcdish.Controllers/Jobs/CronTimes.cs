using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Jobs;

/// <summary>When a cron job is run.</summary>
/// <param name="Due">The last time that has come and was not dealt with; null: none has.</param>
/// <param name="IsMany">Whether more times were missed than anybody would be glad about.</param>
/// <param name="Next">The next time that will come; null: none will.</param>
internal readonly record struct CronTimes(DateTimeOffset? Due, bool IsMany, DateTimeOffset? Next)
{
    private const int ManyMissed = 100;

    /// <summary>Works it out.</summary>
    /// <param name="cron">The cron job.</param>
    /// <param name="schedule">Its schedule.</param>
    /// <param name="zone">The place whose clocks it means.</param>
    /// <param name="now">The time.</param>
    public static CronTimes Of(CronJob cron, CronSchedule schedule, TimeZoneInfo zone, DateTimeOffset now)
    {
        var dealtWith = cron.Status.LastScheduleTime ?? cron.Metadata.CreationTimestamp ?? now;
        var earliest = dealtWith;
        if (cron.Spec.StartingDeadlineSeconds is { } seconds && now.AddSeconds(-seconds) > earliest)
        {
            earliest = now.AddSeconds(-seconds);
        }

        var due = schedule.Last(earliest, now, zone);
        var next = schedule.Next(schedule.Last(dealtWith, now, zone) ?? dealtWith, zone);
        return new CronTimes(due, due is not null && IsManyMissed(schedule, zone, earliest, now), next);
    }

    private static bool IsManyMissed(CronSchedule schedule, TimeZoneInfo zone, DateTimeOffset earliest, DateTimeOffset now)
    {
        var time = schedule.Next(earliest, zone);
        for (var missed = 0; missed < ManyMissed && time <= now; missed++)
        {
            time = schedule.Next(time.Value, zone);
        }

        return time <= now;
    }
}

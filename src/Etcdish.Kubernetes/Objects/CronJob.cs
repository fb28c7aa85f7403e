using System.Text.Json.Nodes;

namespace Etcdish.Kubernetes.Objects;

/// <summary>A job that is run again and again (batch/v1 CronJob).</summary>
public sealed class CronJob : KubernetesObject
{
    /// <summary>What is wanted.</summary>
    public CronJobSpec Spec { get => field ??= new(); set; }

    /// <summary>What is there.</summary>
    public CronJobStatus Status { get => field ??= new(); set; }
}

/// <summary>What is wanted of a cron job.</summary>
public sealed class CronJobSpec
{
    /// <summary>When, in the form of cron.</summary>
    public string Schedule { get; set; } = "";

    /// <summary>Where that is the time; null: where the controller is, which is UTC.</summary>
    public string? TimeZone { get; set; }

    /// <summary>How late a run may begin, in seconds; null: however late.</summary>
    public long? StartingDeadlineSeconds { get; set; }

    /// <summary>Allow, Forbid or Replace: what is done while the run before goes on.</summary>
    public string ConcurrencyPolicy { get; set; } = "Allow";

    /// <summary>Whether nothing new is run for now.</summary>
    public bool Suspend { get; set; }

    /// <summary>What is run (JobTemplateSpec), whole.</summary>
    public JsonObject JobTemplate { get; set; } = [];

    /// <summary>How many jobs are kept that succeeded; null: all.</summary>
    public int? SuccessfulJobsHistoryLimit { get; set; }

    /// <summary>How many jobs are kept that failed; null: all.</summary>
    public int? FailedJobsHistoryLimit { get; set; }
}

/// <summary>What is there of a cron job.</summary>
public sealed class CronJobStatus
{
    /// <summary>Its jobs that go on.</summary>
    public ObjectReference[] Active { get => field ?? []; set; }

    /// <summary>The time of the last run, as scheduled.</summary>
    public DateTimeOffset? LastScheduleTime { get; set; }

    /// <summary>When a run last succeeded.</summary>
    public DateTimeOffset? LastSuccessfulTime { get; set; }
}

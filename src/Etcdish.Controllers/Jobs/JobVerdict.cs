using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Jobs;

/// <summary>That a job is to end, and why.</summary>
/// <param name="IsSuccess">Whether it has done what it was for.</param>
/// <param name="Reason">Why, in one word.</param>
/// <param name="Message">Why, in a sentence.</param>
internal sealed record JobVerdict(bool IsSuccess, string Reason, string Message)
{
    /// <summary>The condition that says so while pods are still ending.</summary>
    public string FirstCondition => IsSuccess ? "SuccessCriteriaMet" : "FailureTarget";

    /// <summary>The condition that says so when all is counted.</summary>
    public string LastCondition => IsSuccess ? "Complete" : "Failed";

    /// <summary>All pods that were to succeed have done so.</summary>
    public static JobVerdict Done { get; } = new(true, "CompletionsReached", "Reached expected number of succeeded pods");

    /// <summary>Whether a job ends while it has pods that run. Null: it goes on, or ends when they have.</summary>
    public static JobVerdict? Of(JobPicture picture, DateTimeOffset now) =>
        Given(picture.Job) ?? OfPolicy(picture) ?? OfLimits(picture, now) ?? (picture.Job.Spec.IsIndexed ? OfIndexes(picture) : null);

    /// <summary>When the deadline of a job is; null: it has none, or the clock stands since it is suspended.</summary>
    public static DateTimeOffset? DeadlineOf(Job job) =>
        job is { Spec: { ActiveDeadlineSeconds: { } seconds, Suspend: false }, Status.StartTime: { } start } ? start.AddSeconds(seconds) : null;

    /// <summary>What was said before is said again: that a job ends is not taken back.</summary>
    private static JobVerdict? Given(Job job)
    {
        var said = Array.Find(job.Status.Conditions, c => c is { Type: "SuccessCriteriaMet", IsTrue: true })
            ?? Array.Find(job.Status.Conditions, c => c is { Type: "FailureTarget", IsTrue: true });
        return said is null ? null : new JobVerdict(said.Type == "SuccessCriteriaMet", said.Reason, said.Message);
    }

    private static JobVerdict? OfPolicy(JobPicture picture)
    {
        var spec = picture.Job.Spec;
        if (spec.PodFailurePolicy is null)
        {
            return null;
        }

        return picture.Pods.Where(pod => pod.HasFailed(spec))
            .Select(pod => FailureRules.Judge(spec.PodFailurePolicy, pod).Message)
            .FirstOrDefault(message => message is not null) is { } message
            ? new JobVerdict(false, "PodFailurePolicy", message)
            : null;
    }

    private static JobVerdict? OfLimits(JobPicture picture, DateTimeOffset now)
    {
        var job = picture.Job;
        if (picture.Failed > job.Spec.BackoffLimit || HasRestartedTooOften(picture))
        {
            return new JobVerdict(false, "BackoffLimitExceeded", "Job has reached the specified backoff limit");
        }

        return DeadlineOf(job) <= now
            ? new JobVerdict(false, "DeadlineExceeded", "Job was active longer than specified deadline")
            : null;
    }

    /// <summary>Pods that start their containers again fail without ending; their restarts are their failures.</summary>
    private static bool HasRestartedTooOften(JobPicture picture)
    {
        var spec = picture.Job.Spec;
        if (spec.Template.Json["spec"]?["restartPolicy"]?.GetValue<string>() != "OnFailure")
        {
            return false;
        }

        var restarts = picture.Pods.Where(pod => pod.Status.Phase is "Running" or "Pending")
            .SelectMany(pod => pod.Status.InitContainerStatuses.Concat(pod.Status.ContainerStatuses))
            .Sum(container => container.RestartCount);
        return spec.BackoffLimit == 0 ? restarts > 0 : restarts >= spec.BackoffLimit;
    }

    private static JobVerdict? OfIndexes(JobPicture picture)
    {
        var spec = picture.Job.Spec;
        var failed = picture.FailedIndexes.Count;
        if (failed > spec.MaxFailedIndexes)
        {
            return new JobVerdict(
                false, "MaxFailedIndexesExceeded", "Job has exceeded the specified maximal number of failed indexes");
        }

        if (failed > 0 && failed + picture.SucceededIndexes.Count >= spec.Completions)
        {
            return new JobVerdict(false, "FailedIndexes", "Job has failed indexes");
        }

        return SuccessRules.Met(spec, picture.SucceededIndexes) is { } rule ? new JobVerdict(true, "SuccessPolicy", rule) : null;
    }
}

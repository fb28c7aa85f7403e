using System.Globalization;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Jobs;

/// <summary>What a job's pods say of themselves.</summary>
internal static class JobPods
{
    /// <summary>Keeps a pod until it has been counted.</summary>
    public const string Finalizer = "batch.kubernetes.io/job-tracking";

    /// <summary>The annotation, and the label, of a pod's index.</summary>
    public const string CompletionIndex = "batch.kubernetes.io/job-completion-index";

    /// <summary>The annotation of how many pods of this index failed before.</summary>
    public const string FailureCount = "batch.kubernetes.io/job-index-failure-count";

    /// <summary>The annotation of how many pods of this index failed before in ways that do not count.</summary>
    public const string IgnoredFailureCount = "batch.kubernetes.io/job-index-ignored-failure-count";

    /// <summary>Whether a pod is still to be counted.</summary>
    public static bool IsTracked(this Pod pod) => Array.IndexOf(pod.Metadata.Finalizers, Finalizer) >= 0;

    /// <summary>Whether a pod is ending.</summary>
    public static bool IsTerminating(this Pod pod) => pod.Metadata.IsBeingDeleted && !pod.IsFinished;

    /// <summary>Whether a pod has failed, as far as its job is concerned. One that is deleted may never tell how it ended.</summary>
    public static bool HasFailed(this Pod pod, JobSpec job) =>
        pod.Status.Phase == "Failed" || (!job.ReplacesOnlyFailed && pod.Metadata.IsBeingDeleted && pod.Status.Phase != "Succeeded");

    /// <summary>A pod's index; null if it has none that the job has.</summary>
    public static int? IndexOf(this Pod pod, JobSpec job) =>
        pod.Metadata.Annotations.TryGetValue(CompletionIndex, out var text)
        && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var index)
        && index < (job.Completions ?? 0)
            ? index
            : null;

    /// <summary>How many pods of its index failed before it.</summary>
    public static int FailuresBefore(this Pod pod) => Number(pod, FailureCount);

    /// <summary>How many pods of its index failed before it in ways that do not count.</summary>
    public static int IgnoredFailuresBefore(this Pod pod) => Number(pod, IgnoredFailureCount);

    /// <summary>
    /// When a pod ended, as well as can be told: its last container did, or it was no longer ready, or it was deleted.
    /// </summary>
    public static DateTimeOffset EndOf(this Pod pod)
    {
        if (pod.Status.ContainerStatuses is { Length: > 0 } containers
            && Array.TrueForAll(containers, c => c.State.Terminated?.FinishedAt is not null))
        {
            return containers.Max(c => c.State.Terminated!.FinishedAt!.Value);
        }

        if (pod.Status.Find("Ready") is { Status: "False", LastTransitionTime: { } since })
        {
            return since;
        }

        return pod.Metadata.DeletionTimestamp is { } due
            ? due - TimeSpan.FromSeconds(pod.Metadata.DeletionGracePeriodSeconds ?? 0)
            : pod.Metadata.CreationTimestamp ?? default;
    }

    /// <summary>
    /// Pods in the order in which they are best spared: those that have come least far first, among equals the youngest.
    /// </summary>
    public static IOrderedEnumerable<Pod> FirstToSpare(this IEnumerable<Pod> pods) => pods
        .OrderBy(pod => pod.Spec.NodeName.Length > 0)
        .ThenBy(pod => pod.Status.Phase switch { "Pending" or "" => 0, "Unknown" => 1, _ => 2 })
        .ThenBy(pod => pod.IsReady)
        .ThenByDescending(pod => pod.IsReady ? pod.Status.Find("Ready")!.LastTransitionTime : null)
        .ThenByDescending(pod => pod.Status.ContainerStatuses.Select(c => c.RestartCount).DefaultIfEmpty().Max())
        .ThenByDescending(pod => pod.Metadata.CreationTimestamp)
        .ThenBy(pod => pod.Metadata.Name, StringComparer.Ordinal);

    private static int Number(Pod pod, string annotation) =>
        pod.Metadata.Annotations.TryGetValue(annotation, out var text)
        && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : 0;
}

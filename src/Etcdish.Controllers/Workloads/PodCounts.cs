using Etcdish.Controllers.Ownership;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Workloads;

/// <summary>What the status of a set of equal pods says of them.</summary>
/// <param name="Active">Pods that have not ended and are not being deleted.</param>
/// <param name="FullyLabeled">Active pods with all labels of the template.</param>
/// <param name="Ready">Active pods that take requests.</param>
/// <param name="Available">Active pods that have done so for long enough.</param>
/// <param name="Terminating">Pods that are being deleted and have not ended.</param>
/// <param name="NextAvailable">When the next ready pod will be available, if it stays so; null: none is waited for.</param>
internal readonly record struct PodCounts(
    int Active, int FullyLabeled, int Ready, int Available, int Terminating, DateTimeOffset? NextAvailable)
{
    /// <summary>Counts.</summary>
    /// <param name="pods">All pods of the set.</param>
    /// <param name="templateLabels">The labels of its template.</param>
    /// <param name="minReadySeconds">How long a pod must be ready to be available.</param>
    /// <param name="now">The time.</param>
    public static PodCounts Of(IReadOnlyList<Pod> pods, Dictionary<string, string> templateLabels, int minReadySeconds, DateTimeOffset now)
    {
        int active = 0, fullyLabeled = 0, ready = 0, available = 0, terminating = 0;
        DateTimeOffset? next = null;
        foreach (var pod in pods)
        {
            if (!pod.IsActive)
            {
                terminating += pod.IsFinished ? 0 : 1;
                continue;
            }

            active++;
            fullyLabeled += LabelSets.Contains(pod.Metadata.Labels, templateLabels) ? 1 : 0;
            if (pod.Status.Find("Ready") is not { IsTrue: true } condition)
            {
                continue;
            }

            ready++;
            if (pod.IsAvailable(minReadySeconds, now))
            {
                available++;
            }
            else if (condition.LastTransitionTime is { } since)
            {
                var due = since + TimeSpan.FromSeconds(minReadySeconds);
                next = next is null || due < next ? due : next;
            }
        }

        return new PodCounts(active, fullyLabeled, ready, available, terminating, next);
    }
}

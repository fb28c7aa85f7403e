using System.Text.Json.Nodes;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.DaemonSets;

/// <summary>Counts what is there of a daemon set.</summary>
internal static class DaemonStatus
{
    /// <summary>The status to be written.</summary>
    /// <param name="view">What is there.</param>
    /// <param name="collisions">How often a name of a revision was taken.</param>
    /// <param name="isProcessed">Whether the set has been acted on as it is now.</param>
    public static DaemonSetStatus Of(DaemonView view, int collisions, bool isProcessed)
    {
        var before = view.Set.Status;
        var status = new DaemonSetStatus
        {
            ObservedGeneration = isProcessed ? view.Set.Metadata.Generation : before.ObservedGeneration,
            CollisionCount = collisions == 0 ? before.CollisionCount : collisions,
            DesiredNumberScheduled = view.DesiredCount,
        };
        foreach (var node in view.Nodes)
        {
            if (view.On(node) is [var pod, ..])
            {
                Count(status, view, pod, view.ShouldRun(node));
            }
        }

        status.NumberUnavailable = status.DesiredNumberScheduled - status.NumberAvailable;
        return status;
    }

    /// <summary>The fields that differ; null if none does.</summary>
    public static JsonObject? Difference(DaemonSetStatus before, DaemonSetStatus now)
    {
        var difference = new JsonObject();
        Compare("observedGeneration", before.ObservedGeneration, now.ObservedGeneration);
        Compare("currentNumberScheduled", before.CurrentNumberScheduled, now.CurrentNumberScheduled);
        Compare("numberMisscheduled", before.NumberMisscheduled, now.NumberMisscheduled);
        Compare("desiredNumberScheduled", before.DesiredNumberScheduled, now.DesiredNumberScheduled);
        Compare("numberReady", before.NumberReady, now.NumberReady);
        Compare("updatedNumberScheduled", before.UpdatedNumberScheduled, now.UpdatedNumberScheduled);
        Compare("numberAvailable", before.NumberAvailable, now.NumberAvailable);
        Compare("numberUnavailable", before.NumberUnavailable, now.NumberUnavailable);
        Compare("collisionCount", before.CollisionCount, now.CollisionCount);
        return difference.Count == 0 ? null : difference;

        void Compare(string name, long? was, long? isNow)
        {
            if (was != isNow)
            {
                difference[name] = isNow;
            }
        }
    }

    private static void Count(DaemonSetStatus status, DaemonView view, Pod pod, bool shouldRun)
    {
        if (!shouldRun)
        {
            status.NumberMisscheduled++;
            return;
        }

        status.CurrentNumberScheduled++;
        status.NumberReady += pod.IsReady ? 1 : 0;
        status.NumberAvailable += view.IsAvailable(pod) ? 1 : 0;
        status.UpdatedNumberScheduled += DaemonPods.IsUpdated(pod, view.Hash) ? 1 : 0;
    }
}

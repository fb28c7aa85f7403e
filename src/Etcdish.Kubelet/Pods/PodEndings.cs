using System.Text.Json.Nodes;

namespace Etcdish.Kubelet.Pods;

/// <summary>Notes that a pod is to end, and by when. Time that was given is only ever taken away.</summary>
internal static class PodEndings
{
    /// <summary>The reason of the condition DisruptionTarget when the node ends a pod.</summary>
    public const string ByKubelet = "TerminationByKubelet";

    /// <summary>Looks whether somebody wants the pod to end.</summary>
    public static void Update(PodRecord record, DateTimeOffset now)
    {
        var pod = record.Pod;
        record.Ending ??= Resume(record, now);
        if (!record.IsVanished && !pod.Metadata.IsBeingDeleted)
        {
            return;
        }

        var until = now + pod.Grace();
        record.Ending = record.Ending switch
        {
            null => new PodEnding(EndingCause.Deleted, until),
            { } known when until < known.Until => known with { Until = until },
            { } known => known,
        };
    }

    /// <summary>An eviction that a kubelet before this one began, and told of; null: there is none.</summary>
    private static PodEnding? Resume(PodRecord record, DateTimeOffset now)
    {
        if (record.Pod.Status is not { } status || (string?)status["phase"] is "Succeeded" or "Failed")
        {
            return null;
        }

        var condition = (status["conditions"] as JsonArray)?.FirstOrDefault(
            c => (string?)c?["type"] == "DisruptionTarget" && (string?)c["reason"] == ByKubelet && (string?)c["status"] == "True");
        return condition is null
            ? null
            : new PodEnding(EndingCause.Failed, now + record.Pod.Grace(), "Evicted", (string?)condition["message"] ?? "")
            {
                IsDisruption = true,
            };
    }
}

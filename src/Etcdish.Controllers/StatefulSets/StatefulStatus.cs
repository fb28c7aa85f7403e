using System.Text.Json.Nodes;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.StatefulSets;

/// <summary>Compares what was said of a stateful set with what is to be said.</summary>
internal static class StatefulStatus
{
    /// <summary>The fields that differ; null if none does.</summary>
    public static JsonObject? Difference(StatefulSetStatus before, StatefulSetStatus now)
    {
        var difference = new JsonObject();
        Compare("observedGeneration", before.ObservedGeneration, now.ObservedGeneration);
        Compare("replicas", before.Replicas, now.Replicas);
        Compare("readyReplicas", before.ReadyReplicas, now.ReadyReplicas);
        Compare("availableReplicas", before.AvailableReplicas, now.AvailableReplicas);
        Compare("currentReplicas", before.CurrentReplicas, now.CurrentReplicas);
        Compare("updatedReplicas", before.UpdatedReplicas, now.UpdatedReplicas);
        Compare("collisionCount", before.CollisionCount, now.CollisionCount);
        if (before.CurrentRevision != now.CurrentRevision)
        {
            difference["currentRevision"] = now.CurrentRevision;
        }

        if (before.UpdateRevision != now.UpdateRevision)
        {
            difference["updateRevision"] = now.UpdateRevision;
        }

        return difference.Count == 0 ? null : difference;

        void Compare(string name, long? was, long? isNow)
        {
            if (was != isNow)
            {
                difference[name] = isNow;
            }
        }
    }
}

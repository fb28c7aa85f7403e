using System.Text.Json.Nodes;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Workloads;

/// <summary>What a replica set or replication controller says of itself.</summary>
internal static class ReplicaStatus
{
    private const string ReplicaFailure = "ReplicaFailure";

    /// <summary>The status that should be written; null if it is what is there.</summary>
    /// <param name="set">The set.</param>
    /// <param name="generation">The generation that has been acted on.</param>
    /// <param name="counts">Its pods.</param>
    /// <param name="failure">Why it could not create or delete pods; null if it could.</param>
    /// <param name="hasTerminating">Whether the kind tells how many are ending.</param>
    /// <param name="now">The time.</param>
    public static JsonObject? Of(
        IReplicated set, long generation, PodCounts counts, string? failure, bool hasTerminating, DateTimeOffset now)
    {
        var there = set.Status;
        var conditions = Conditions(there.Conditions, counts.Active - set.Replicas, failure, now);
        if (there.Replicas == counts.Active
            && there.FullyLabeledReplicas == counts.FullyLabeled
            && there.ReadyReplicas == counts.Ready
            && there.AvailableReplicas == counts.Available
            && (!hasTerminating || there.TerminatingReplicas == counts.Terminating)
            && there.ObservedGeneration == generation
            && ReferenceEquals(conditions, there.Conditions))
        {
            return null;
        }

        var status = new JsonObject
        {
            ["replicas"] = counts.Active,
            ["fullyLabeledReplicas"] = ConditionJson.Count(counts.FullyLabeled),
            ["readyReplicas"] = ConditionJson.Count(counts.Ready),
            ["availableReplicas"] = ConditionJson.Count(counts.Available),
            ["observedGeneration"] = generation,
            ["conditions"] = ConditionJson.Of(conditions),
        };
        if (hasTerminating)
        {
            status["terminatingReplicas"] = counts.Terminating;
        }

        return status;
    }

    /// <summary>The first failure stands until there is none; the same array if nothing changes.</summary>
    private static Condition[] Conditions(Condition[] there, int surplus, string? failure, DateTimeOffset now)
    {
        var isTold = Array.Exists(there, condition => condition.Type == ReplicaFailure);
        if (isTold == failure is not null)
        {
            return there;
        }

        if (failure is null)
        {
            return Array.FindAll(there, condition => condition.Type != ReplicaFailure);
        }

        var told = new Condition
        {
            Type = ReplicaFailure,
            Status = "True",
            Reason = surplus < 0 ? "FailedCreate" : surplus > 0 ? "FailedDelete" : "",
            Message = failure,
            LastTransitionTime = now,
        };
        return [.. there, told];
    }
}

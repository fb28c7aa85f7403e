using System.Text.Json.Nodes;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Workloads;

/// <summary>What a deployment says of itself.</summary>
/// <param name="Replicas">Its pods.</param>
/// <param name="Updated">Those of the present template.</param>
/// <param name="Ready">Those that take requests.</param>
/// <param name="Available">Those that have done so for long enough.</param>
/// <param name="Unavailable">Those that are missing or do not.</param>
/// <param name="Terminating">Those that are ending; null: not known.</param>
/// <param name="ObservedGeneration">The generation that this speaks of.</param>
/// <param name="CollisionCount">How often a name was taken; null: never.</param>
internal readonly record struct RolloutStatus(
    int Replicas, int Updated, int Ready, int Available, int Unavailable, int? Terminating, long ObservedGeneration, int? CollisionCount)
{
    /// <summary>The counts of a roll-out.</summary>
    public static RolloutStatus Of(Rollout rollout)
    {
        ReplicaSet[] sets = [.. rollout.All];
        var available = sets.Sum(set => set.Status.AvailableReplicas);
        return new RolloutStatus(
            sets.Sum(set => set.Status.Replicas),
            rollout.Newest?.Status.Replicas ?? 0,
            sets.Sum(set => set.Status.ReadyReplicas),
            available,
            Math.Max(rollout.Wanted - available, 0),
            Array.TrueForAll(sets, set => set.Status.TerminatingReplicas is not null) ? sets.Sum(set => set.Status.TerminatingReplicas) : null,
            rollout.Deployment.Metadata.Generation,
            rollout.Deployment.Status.CollisionCount);
    }

    /// <summary>The counts that a deployment tells.</summary>
    public static RolloutStatus Of(DeploymentStatus status) => new(
        status.Replicas,
        status.UpdatedReplicas,
        status.ReadyReplicas,
        status.AvailableReplicas,
        status.UnavailableReplicas,
        status.TerminatingReplicas,
        status.ObservedGeneration,
        status.CollisionCount);

    /// <summary>Whether the roll-out is done: all pods are of the present template and available, and no others are left.</summary>
    public bool IsComplete(Deployment deployment) =>
        Updated == deployment.Spec.Replicas
        && Replicas == deployment.Spec.Replicas
        && Available == deployment.Spec.Replicas
        && ObservedGeneration >= deployment.Metadata.Generation;

    /// <summary>Whether anything has moved on since <paramref name="before"/>.</summary>
    public bool IsProgressFrom(RolloutStatus before) =>
        Updated > before.Updated
        || Replicas - Updated < before.Replicas - before.Updated
        || Ready > before.Ready
        || Available > before.Available;

    /// <summary>As a status holds it.</summary>
    public JsonObject ToJson(IReadOnlyCollection<Condition> conditions) => new()
    {
        ["observedGeneration"] = ObservedGeneration,
        ["replicas"] = ConditionJson.Count(Replicas),
        ["updatedReplicas"] = ConditionJson.Count(Updated),
        ["readyReplicas"] = ConditionJson.Count(Ready),
        ["availableReplicas"] = ConditionJson.Count(Available),
        ["unavailableReplicas"] = ConditionJson.Count(Unavailable),
        ["terminatingReplicas"] = Terminating,
        ["collisionCount"] = CollisionCount,
        ["conditions"] = ConditionJson.Of(conditions),
    };
}

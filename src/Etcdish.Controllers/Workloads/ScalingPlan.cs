using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Workloads;

/// <summary>
/// What becomes of replica sets when the number of wanted pods changes: a roll-out that is under way is scaled as it is, each replica set in
/// proportion to its size, so that the risk of the new template stays the same share.
/// </summary>
internal static class ScalingPlan
{
    /// <summary>Whether the number of wanted pods has changed since replica sets were sized.</summary>
    public static bool IsDue(Rollout rollout) => rollout.Active.Any(set =>
        Revisions.Number(set, Revisions.DesiredReplicas) is { } desired && desired != rollout.Replicas);

    /// <summary>The sizes that replica sets are to have; those that keep theirs are among them if only their annotations are to change.</summary>
    public static List<ScaleStep> Of(Rollout rollout)
    {
        if (!rollout.All.Any())
        {
            return [];
        }

        if (OnlyActiveOrLatest(rollout) is { } only)
        {
            return [new ScaleStep(only, rollout.Replicas)];
        }

        if (IsSaturated(rollout))
        {
            return [.. rollout.Old.Where(set => set.Spec.Replicas > 0).Select(set => new ScaleStep(set, 0))];
        }

        return rollout.Deployment.Spec.Strategy.Type == "RollingUpdate" ? InProportion(rollout) : [];
    }

    /// <summary>The one replica set that has pods, or the latest if none has; null if several have.</summary>
    private static ReplicaSet? OnlyActiveOrLatest(Rollout rollout)
    {
        ReplicaSet[] active = [.. rollout.Active.Take(2)];
        return active.Length switch
        {
            0 => rollout.Newest ?? rollout.Old.LastOrDefault(),
            1 => active[0],
            _ => null,
        };
    }

    /// <summary>Whether the newest replica set has all pods, and all are available.</summary>
    private static bool IsSaturated(Rollout rollout) =>
        rollout.Newest is { } newest
        && newest.Spec.Replicas == rollout.Replicas
        && newest.Status.AvailableReplicas == rollout.Replicas
        && Revisions.Number(newest, Revisions.DesiredReplicas) == rollout.Replicas;

    private static List<ScaleStep> InProportion(Rollout rollout)
    {
        var allowed = rollout.Replicas > 0 ? rollout.Replicas + rollout.Bounds.MaxSurge : 0;
        var toAdd = allowed - rollout.Active.Sum(set => set.Spec.Replicas);

        // The largest first; of equal ones the newer grows first, and the older shrinks first.
        var byAge = rollout.Active.OrderBy(set => set.Metadata.CreationTimestamp).ThenBy(set => set.Metadata.Name, StringComparer.Ordinal);
        List<ReplicaSet> sets = [.. (toAdd > 0 ? byAge.Reverse() : byAge).OrderByDescending(set => set.Spec.Replicas)];
        var steps = sets.ConvertAll(set => new ScaleStep(set, set.Spec.Replicas));
        if (toAdd == 0)
        {
            return steps;
        }

        var left = toAdd;
        for (var i = 0; i < steps.Count; i++)
        {
            var share = left == 0 ? 0 : Share(rollout, steps[i].Set);
            share = toAdd > 0 ? Math.Min(share, left) : Math.Max(share, left);
            steps[i] = steps[i] with { Replicas = steps[i].Replicas + share };
            left -= share;
        }

        // What rounding left over goes to the largest.
        steps[0] = steps[0] with { Replicas = Math.Max(steps[0].Replicas + left, 0) };
        return steps;
    }

    /// <summary>By how much a replica set grows or shrinks.</summary>
    private static int Share(Rollout rollout, ReplicaSet set)
    {
        var size = set.Spec.Replicas;
        if (rollout.Replicas == 0)
        {
            return -size;
        }

        var before = Revisions.Number(set, Revisions.MaxReplicas) is { } max and not 0 ? max : rollout.Deployment.Status.Replicas;
        return before == 0
            ? 0
            : (int)Math.Round((double)size * (rollout.Replicas + rollout.Bounds.MaxSurge) / before, MidpointRounding.AwayFromZero) - size;
    }
}

namespace Etcdish.Controllers.Workloads;

/// <summary>
/// The steps of a rolling update: how far the newest replica set may grow, and how far the old ones may shrink. No step is taken before all
/// replica sets have taken the one before.
/// </summary>
internal static class RollingPlan
{
    /// <summary>The size that the newest replica set is to have, or that a new one begins with.</summary>
    public static int NewestSize(Rollout rollout)
    {
        var size = rollout.Newest?.Spec.Replicas ?? 0;
        if (size >= rollout.Replicas)
        {
            return rollout.Replicas;
        }

        if (!rollout.IsSettled)
        {
            return size;
        }

        // Pods that a replica set should no longer have and that are not being deleted yet are there all the same.
        var there = rollout.All.Sum(set => Math.Max(set.Spec.Replicas, set.Status.Replicas));
        var room = rollout.Replicas + rollout.Bounds.MaxSurge - there;
        return room <= 0 ? size : size + Math.Min(room, rollout.Replicas - size);
    }

    /// <summary>The sizes that old replica sets are to have: pods that are not available go first, others as far as enough are left.</summary>
    public static List<ScaleStep> ShrinkOld(Rollout rollout)
    {
        var old = rollout.Old.FindAll(set => set.Spec.Replicas > 0);
        var newest = rollout.Newest!;
        var minAvailable = rollout.Replicas - rollout.Bounds.MaxUnavailable;

        // A status may still count pods that were to go before: no replica set is believed to have more than it should have.
        var newestAvailable = Math.Min(newest.Status.AvailableReplicas, newest.Spec.Replicas);
        var surplus = rollout.Wanted - minAvailable - (newest.Spec.Replicas - newestAvailable);
        if (old.Count == 0 || surplus <= 0 || !rollout.IsSettled)
        {
            return [];
        }

        var sizes = old.ConvertAll(set => set.Spec.Replicas);
        for (var i = 0; i < old.Count; i++)
        {
            var unavailable = Math.Clamp(sizes[i] - old[i].Status.AvailableReplicas, 0, surplus);
            sizes[i] -= unavailable;
            surplus -= unavailable;
        }

        var available = newestAvailable + old.Select((set, i) => Math.Min(set.Status.AvailableReplicas, sizes[i])).Sum();
        var dispensable = Math.Max(available - minAvailable, 0);
        for (var i = 0; i < old.Count; i++)
        {
            var fewer = Math.Min(sizes[i], dispensable);
            sizes[i] -= fewer;
            dispensable -= fewer;
        }

        return [.. old.Select((set, i) => new ScaleStep(set, sizes[i])).Where(step => step.Replicas != step.Set.Spec.Replicas)];
    }
}

using Etcdish.Scheduler.Cluster;

namespace Etcdish.Scheduler.Preempting;

/// <summary>The pods that would have to give way on a node.</summary>
/// <param name="Node">The node.</param>
/// <param name="Pods">The pods, the most important first.</param>
/// <param name="Violations">How many of them are protected by a disruption budget that is used up.</param>
internal sealed record Victims(NodeState Node, List<PodState> Pods, int Violations)
{
    /// <summary>Orders pods: the more important first, which is who has more priority, or began earlier.</summary>
    public static int ByImportance(PodState left, PodState right)
    {
        var priority = right.Priority.CompareTo(left.Priority);
        return priority != 0 ? priority : left.StartTime.CompareTo(right.StartTime);
    }

    /// <summary>
    /// The node where least is lost: fewest violations of budgets, then the lowest of the highest priorities, the lowest sum of priorities,
    /// the fewest pods, and the latest start of the first of those with the highest priority.
    /// </summary>
    public static Victims Best(List<Victims> candidates) => candidates
        .OrderBy(c => c.Violations)
        .ThenBy(c => c.Pods[0].Priority)
        .ThenBy(c => c.Pods.Sum(p => p.Priority + (long)int.MaxValue + 1))
        .ThenBy(c => c.Pods.Count)
        .ThenByDescending(c => c.Pods.Where(p => p.Priority == c.Pods[0].Priority).Min(p => p.StartTime))
        .First();
}

using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.DaemonSets;

/// <summary>
/// Decides which pods of a daemon set make way for its newest revision. Without surge, old pods are deleted so that no more nodes than
/// allowed are without an available pod. With surge, new pods come first, on so many nodes at a time, and an old one goes when the new one
/// is available. Nodes whose pods are too many or missing are left to <see cref="DaemonPlanner"/>, and count as if their pod were not
/// available.
/// </summary>
internal static class DaemonRollout
{
    /// <summary>Whether a node may have an old and a new pod.</summary>
    public static bool AllowsSurge(DaemonSet set) => MaxSurge(set, 1) > 0;

    /// <summary>What is to be done.</summary>
    public static DaemonPlan Plan(DaemonView view) =>
        MaxSurge(view.Set, view.DesiredCount) is > 0 and var surge ? PlanWithSurge(view, surge) : PlanWithoutSurge(view);

    /// <summary>How many nodes may have two pods.</summary>
    public static int MaxSurge(DaemonSet set, int desired) => Scale(set, set.Spec.UpdateStrategy.RollingUpdate?.MaxSurge, desired);

    /// <summary>How many nodes may be without an available pod: one at least if there is no surge, or nothing would ever move.</summary>
    public static int MaxUnavailable(DaemonSet set, int desired)
    {
        var count = Scale(set, set.Spec.UpdateStrategy.RollingUpdate?.MaxUnavailable, desired);
        return count == 0 && desired > 0 && MaxSurge(set, desired) == 0 ? 1 : count;
    }

    private static int Scale(DaemonSet set, IntOrString? wanted, int desired) =>
        set.Spec.UpdateStrategy.Type == "RollingUpdate" && wanted is { } value && value.TryScale(desired, roundUp: true, out var count)
            ? count
            : 0;

    private static DaemonPlan PlanWithoutSurge(DaemonView view)
    {
        var plan = new DaemonPlan();
        var budget = MaxUnavailable(view.Set, view.DesiredCount);
        List<Pod> candidates = [];
        foreach (var node in view.Nodes)
        {
            if (!Concerns(view, node))
            {
                continue;
            }

            if (!TryFind(view, node, out var newest, out var former) || (newest is null) == (former is null))
            {
                budget--;
            }
            else if (former is null)
            {
                budget -= view.IsAvailable(newest!) ? 0 : 1;
            }
            else if (!view.IsAvailable(former))
            {
                plan.Delete.Add(former);
                budget--;
            }
            else
            {
                candidates.Add(former);
            }
        }

        plan.Delete.AddRange(candidates.Take(budget));
        return plan;
    }

    private static DaemonPlan PlanWithSurge(DaemonView view, int budget)
    {
        var plan = new DaemonPlan();
        List<string> candidates = [];
        List<Pod> leaving = [];
        var available = 0;
        foreach (var node in view.Nodes)
        {
            if (!Concerns(view, node))
            {
                continue;
            }

            if (!TryFind(view, node, out var newest, out var former))
            {
                budget--;
                continue;
            }

            var formerIsAvailable = former is not null && view.IsAvailable(former);
            var newestIsAvailable = newest is not null && view.IsAvailable(newest);
            available += formerIsAvailable || (former is null && newestIsAvailable) ? 1 : 0;
            if (former is null)
            {
                continue;
            }

            if (newest is not null)
            {
                budget -= newestIsAvailable ? 0 : 1;
                if (newestIsAvailable)
                {
                    plan.Delete.Add(former);
                }
            }
            else if (!view.ShouldRun(node))
            {
                (formerIsAvailable ? leaving : plan.Delete).Add(former);
            }
            else if (formerIsAvailable)
            {
                candidates.Add(node);
            }
            else
            {
                plan.CreateOn.Add(node);
            }
        }

        // A pod that is where none should be still serves, until there are enough elsewhere.
        plan.Delete.AddRange(leaving.Take(available - view.DesiredCount));
        plan.CreateOn.AddRange(candidates.Take(budget));
        return plan;
    }

    private static bool Concerns(DaemonView view, string node) => view.ShouldRun(node) || view.On(node).Count > 0;

    /// <summary>The pod of the newest revision on a node and the one of a former; false if there are several of a kind.</summary>
    private static bool TryFind(DaemonView view, string node, out Pod? newest, out Pod? former)
    {
        newest = former = null;
        foreach (var pod in view.On(node))
        {
            if (pod.Metadata.IsBeingDeleted)
            {
                continue;
            }

            var isUpdated = DaemonPods.IsUpdated(pod, view.Hash);
            if ((isUpdated ? newest : former) is not null)
            {
                return false;
            }

            if (isUpdated)
            {
                newest = pod;
            }
            else
            {
                former = pod;
            }
        }

        return true;
    }
}

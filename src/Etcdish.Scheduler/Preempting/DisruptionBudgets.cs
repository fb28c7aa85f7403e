using Etcdish.Kubernetes.Objects;
using Etcdish.Scheduler.Cluster;
using Etcdish.Scheduler.Kinds;

namespace Etcdish.Scheduler.Preempting;

/// <summary>How many pods may be evicted without hurting what they belong to.</summary>
internal sealed class DisruptionBudgets
{
    private readonly SortedDictionary<string, BudgetFacts> _budgets = new(StringComparer.Ordinal);

    public void Set(ObjectKey key, BudgetFacts? budget)
    {
        if (budget is null)
        {
            _budgets.Remove(key.ToString());
        }
        else
        {
            _budgets[key.ToString()] = budget;
        }
    }

    /// <summary>Those of some pods that could not all be evicted within the budgets, if they are evicted in this order.</summary>
    public HashSet<PodState> Violating(List<PodState> pods)
    {
        HashSet<PodState> violating = [];
        if (_budgets.Count == 0)
        {
            return violating;
        }

        var left = _budgets.Values.ToDictionary(b => b, b => b.Status.DisruptionsAllowed);
        foreach (var pod in pods)
        {
            if (pod.Shape.Labels.Labels.Count == 0)
            {
                continue;
            }

            foreach (var budget in _budgets.Values)
            {
                if (budget.Metadata.Namespace == pod.Shape.Namespace
                    && !budget.Spec.Selector.IsEverything && budget.Spec.Selector.Matches(pod.Shape.Labels.Labels)
                    && budget.Status.DisruptedPods?.ContainsKey(pod.Pod.Metadata.Name) != true
                    && --left[budget] < 0)
                {
                    violating.Add(pod);
                }
            }
        }

        return violating;
    }
}

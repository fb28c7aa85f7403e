using System.Text.Json.Nodes;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Policy;

/// <summary>What a disruption budget allows.</summary>
/// <param name="Expected">Pods that there are to be.</param>
/// <param name="Desired">Pods that must be ready.</param>
/// <param name="Healthy">Pods that are ready, and stay.</param>
/// <param name="Disrupted">Pods whose eviction was allowed and is still to be seen.</param>
internal sealed record BudgetCount(int Expected, int Desired, int Healthy, IReadOnlyDictionary<string, DateTimeOffset> Disrupted)
{
    /// <summary>How long a pod may take to go when its eviction was allowed. Then it is thought to stay after all.</summary>
    public static readonly TimeSpan DeletionTimeout = TimeSpan.FromMinutes(2);

    /// <summary>How many may go now. None, if it is not known how many there are to be.</summary>
    public int Allowed => Expected <= 0 ? 0 : Math.Max(0, Healthy - Desired);

    /// <summary>When this is to be looked at again, since an eviction that was allowed has not happened; null: no need.</summary>
    public DateTimeOffset? Recheck => Disrupted.Count == 0 ? null : Disrupted.Values.Min() + DeletionTimeout;

    /// <summary>Whether the number of pods that are to be must be known of their owners.</summary>
    public static bool NeedsScale(PodDisruptionBudgetSpec spec) =>
        spec.MaxUnavailable is not null || spec.MinAvailable is { IsText: true };

    /// <summary>Counts.</summary>
    /// <param name="budget">The budget.</param>
    /// <param name="pods">Its pods.</param>
    /// <param name="scale">How many pods their owners want, if <see cref="NeedsScale"/>.</param>
    /// <param name="now">The time.</param>
    public static BudgetCount Of(PodDisruptionBudget budget, IReadOnlyList<Pod> pods, int scale, DateTimeOffset now)
    {
        var spec = budget.Spec;
        var expected = NeedsScale(spec) ? scale : spec.MinAvailable is null ? 0 : pods.Count;
        var desired = spec switch
        {
            { MaxUnavailable: { } away } => away.TryScale(expected, roundUp: true, out var count) ? Math.Max(0, expected - count) : expected,
            { MinAvailable: { } stay } => stay.TryScale(expected, roundUp: true, out var count) ? count : expected,
            _ => 0,
        };
        var disrupted = new SortedDictionary<string, DateTimeOffset>(StringComparer.Ordinal);
        var healthy = 0;
        foreach (var pod in pods.Where(pod => !pod.Metadata.IsBeingDeleted))
        {
            if (budget.Status.DisruptedPods.TryGetValue(pod.Metadata.Name, out var since) && since + DeletionTimeout > now)
            {
                disrupted[pod.Metadata.Name] = since;
            }
            else if (pod.IsReady)
            {
                healthy++;
            }
        }

        return new BudgetCount(expected, desired, healthy, disrupted);
    }

    /// <summary>The status that says this; null if it is said already.</summary>
    public JsonObject? StatusFor(PodDisruptionBudget budget, DateTimeOffset now)
    {
        var status = budget.Status;
        var (isAllowed, reason) = Allowed > 0 ? ("True", "SufficientPods") : ("False", "InsufficientPods");
        var known = Array.Find(status.Conditions, c => c.Type == BudgetConditions.Type);
        if (status.CurrentHealthy == Healthy && status.DesiredHealthy == Desired && status.ExpectedPods == Expected
            && status.DisruptionsAllowed == Allowed && status.ObservedGeneration == budget.Metadata.Generation
            && status.DisruptedPods.Count == Disrupted.Count && Disrupted.Keys.All(status.DisruptedPods.ContainsKey)
            && known is not null && known.Status == isAllowed && known.Reason == reason
            && known.ObservedGeneration == budget.Metadata.Generation)
        {
            return null;
        }

        // In a merge patch, what is to go must be said.
        var disrupted = new JsonObject();
        foreach (var name in status.DisruptedPods.Keys)
        {
            disrupted[name] = Disrupted.TryGetValue(name, out var since) ? TimeText.Format(since) : null;
        }

        return new JsonObject
        {
            ["currentHealthy"] = Healthy,
            ["desiredHealthy"] = Desired,
            ["expectedPods"] = Expected,
            ["disruptionsAllowed"] = Allowed,
            ["disruptedPods"] = Disrupted.Count == 0 ? null : disrupted,
            ["observedGeneration"] = budget.Metadata.Generation,
            ["conditions"] = BudgetConditions.With(status.Conditions, isAllowed, reason, "", budget.Metadata.Generation, now),
        };
    }
}

/// <summary>The condition of disruption budgets.</summary>
internal static class BudgetConditions
{
    /// <summary>Its type.</summary>
    public const string Type = "DisruptionAllowed";

    /// <summary>The conditions of a budget with this one set.</summary>
    public static JsonArray With(Condition[] conditions, string status, string reason, string message, long generation, DateTimeOffset now)
    {
        var known = Array.Find(conditions, c => c.Type == Type);
        var set = new Condition
        {
            Type = Type,
            Status = status,
            Reason = reason,
            Message = message,
            ObservedGeneration = generation,
            LastTransitionTime = known?.Status == status ? known.LastTransitionTime : now,
        };
        return [.. conditions.Where(c => c.Type != Type).Append(set).Select(ToJson)];
    }

    private static JsonObject ToJson(Condition condition) => new()
    {
        ["type"] = condition.Type,
        ["status"] = condition.Status,
        ["observedGeneration"] = condition.ObservedGeneration,
        ["lastTransitionTime"] = condition.LastTransitionTime is { } time ? TimeText.Format(time) : null,
        ["reason"] = condition.Reason,
        ["message"] = condition.Message,
    };
}

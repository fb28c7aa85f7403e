namespace Etcdish.ApiServer.Kinds;

/// <summary>PodDisruptionBudgets.</summary>
internal static class DisruptionBudgetRules
{
    private static readonly string[] _evictions = ["AlwaysAllow", "IfHealthyBudget"];
    private static readonly string[] _counts = ["disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"];

    public static void Check(CheckedField budget, CheckedField stored)
    {
        var spec = budget["spec"];
        if (spec["minAvailable"].IsSet && spec["maxUnavailable"].IsSet)
        {
            spec.Invalid("minAvailable and maxUnavailable cannot be both set");
        }

        foreach (var field in (ReadOnlySpan<string>)["minAvailable", "maxUnavailable"])
        {
            if (spec[field].IsSet)
            {
                spec[field].CountOrPercent();
                spec[field].AtMostAll();
            }
        }

        spec["selector"].Selector();
        spec["unhealthyPodEvictionPolicy"].OneOfIfSet(_evictions);
    }

    /// <summary>Checks a change of a budget's status.</summary>
    public static void CheckStatus(CheckedField budget)
    {
        foreach (var count in _counts)
        {
            budget["status"][count].NonNegative();
        }
    }
}

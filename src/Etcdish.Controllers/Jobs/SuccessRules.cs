using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Jobs;

/// <summary>Applies successPolicy.</summary>
internal static class SuccessRules
{
    /// <summary>Which rule is met, in words; null: none is.</summary>
    public static string? Met(JobSpec job, IndexSet succeeded)
    {
        if (succeeded.Count == 0)
        {
            return null;
        }

        for (var i = 0; i < (job.SuccessPolicy?.Rules.Length ?? 0); i++)
        {
            if (IsMet(job.SuccessPolicy!.Rules[i], job.Completions ?? 0, succeeded))
            {
                return $"Matched rules at index {i}";
            }
        }

        return null;
    }

    private static bool IsMet(SuccessRule rule, int completions, IndexSet succeeded)
    {
        if (rule.SucceededIndexes is null)
        {
            return succeeded.Count >= rule.SucceededCount;
        }

        var wanted = IndexSet.Parse(rule.SucceededIndexes, completions);
        return wanted.Count > 0 && succeeded.CountShared(wanted) is var shared && (shared == wanted.Count || shared >= rule.SucceededCount);
    }
}

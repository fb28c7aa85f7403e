using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Jobs;

/// <summary>What a job's podFailurePolicy says of a failed pod.</summary>
/// <param name="Action">Ignore, Count, FailIndex or FailJob; empty: no rule speaks of it.</param>
/// <param name="Message">Why the job fails, if it does.</param>
internal readonly record struct FailureRuling(string Action, string? Message)
{
    /// <summary>Whether the failure counts towards the job's limits.</summary>
    public bool Counts => Action != "Ignore";
}

/// <summary>Applies podFailurePolicy.</summary>
internal static class FailureRules
{
    /// <summary>What is said of a failed pod: by the first rule that speaks of it.</summary>
    public static FailureRuling Judge(PodFailurePolicy? policy, Pod pod)
    {
        for (var i = 0; i < (policy?.Rules.Length ?? 0); i++)
        {
            var rule = policy!.Rules[i];
            if (What(rule, pod) is { } what)
            {
                return new FailureRuling(rule.Action, rule.Action == "FailJob" ? $"{what} matching FailJob rule at index {i}" : null);
            }
        }

        return new FailureRuling("", null);
    }

    /// <summary>What of a pod a rule speaks of, in words; null: nothing.</summary>
    private static string? What(PodFailureRule rule, Pod pod)
    {
        if (rule.OnExitCodes is { } codes)
        {
            var container = Array.Find(pod.Status.ContainerStatuses, c => Matches(codes, c))
                ?? Array.Find(pod.Status.InitContainerStatuses, c => Matches(codes, c));
            return container is null
                ? null
                : $"Container {container.Name} for pod {pod} failed with exit code {container.State.Terminated!.ExitCode}";
        }

        var condition = Array.Find(
            pod.Status.Conditions, c => Array.Exists(rule.OnPodConditions ?? [], p => p.Type == c.Type && p.Status == c.Status));
        return condition is null ? null : $"Pod {pod} has condition {condition.Type}";
    }

    private static bool Matches(PodFailureExitCodes codes, ContainerStatus container) =>
        container.State.Terminated is { ExitCode: not 0 and var code }
        && (codes.ContainerName is null || codes.ContainerName == container.Name)
        && codes.Values.Contains(code) == (codes.Operator == "In");
}

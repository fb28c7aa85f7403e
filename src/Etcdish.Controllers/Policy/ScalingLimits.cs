using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Policy;

/// <summary>What came of a proposal, and why.</summary>
/// <param name="Replicas">How many pods there are to be.</param>
/// <param name="IsLimited">Whether that is not what was proposed.</param>
/// <param name="Reason">Why, in one word.</param>
/// <param name="Message">Why, in a sentence.</param>
internal readonly record struct Limited(int Replicas, bool IsLimited, string Reason, string Message);

/// <summary>
/// Keeps what is proposed for an autoscaler steady, and slow enough: what was proposed and done in the last minutes is remembered. A new
/// process has nothing to remember, and begins with what it finds.
/// </summary>
internal sealed class ScalingLimits
{
    private const int UsualDownWindow = 300;
    private readonly List<(DateTimeOffset Time, int Replicas)> _proposed = [];
    private readonly List<(DateTimeOffset Time, int Change)> _done = [];

    /// <summary>Begins with what is there, which is as good as proposed.</summary>
    public ScalingLimits(int current, DateTimeOffset now) => _proposed.Add((now, current));

    /// <summary>
    /// Steadies a proposal: up to the least, and down to the most that was proposed lately.
    /// </summary>
    public Limited Steady(ScalingBehavior? behavior, int current, int proposed, DateTimeOffset now)
    {
        var up = behavior?.ScaleUp?.StabilizationWindowSeconds ?? 0;
        var down = behavior?.ScaleDown?.StabilizationWindowSeconds ?? UsualDownWindow;
        _proposed.RemoveAll(p => p.Time < now.AddSeconds(-Math.Max(up, down)));
        var least = Within(up).Append(proposed).Min();
        var most = Within(down).Append(proposed).Max();
        _proposed.Add((now, proposed));

        // Without a behaviour of its own an autoscaler does not ask where it stands.
        var steady = behavior is null ? most : Math.Min(Math.Max(current, least), most);
        if (steady == proposed)
        {
            return new Limited(steady, false, "ReadyForNewScale", "recommended size matches current size");
        }

        return behavior is not null && proposed >= current
            ? new Limited(
                steady, true, "ScaleUpStabilized", "recent recommendations were lower than current one, applying the lowest recent recommendation")
            : new Limited(
                steady, true, "ScaleDownStabilized",
                "recent recommendations were higher than current one, applying the highest recent recommendation");

        IEnumerable<int> Within(int seconds) => _proposed.Where(p => p.Time > now.AddSeconds(-seconds)).Select(p => p.Replicas);
    }

    /// <summary>Keeps a proposal within what an autoscaler allows at all and what it allows at once.</summary>
    public Limited Limit(ScalingBehavior? behavior, int current, int proposed, int min, int max, DateTimeOffset now)
    {
        if (proposed > current || behavior is null)
        {
            var fastest = behavior is null ? Math.Max(2 * current, 4) : Math.Max(current, UpLimit(behavior.ScaleUp, current, now));
            if (proposed > Math.Min(max, fastest))
            {
                return max > fastest
                    ? new Limited(fastest, true, "ScaleUpLimit", "the desired replica count is increasing faster than the maximum scale rate")
                    : new Limited(max, true, "TooManyReplicas", "the desired replica count is more than the maximum replica count");
            }
        }

        if (proposed < current || behavior is null)
        {
            var fastest = behavior is null ? min : Math.Min(current, DownLimit(behavior.ScaleDown, current, now));
            if (proposed < Math.Max(min, fastest))
            {
                return min < fastest
                    ? new Limited(fastest, true, "ScaleDownLimit", "the desired replica count is decreasing faster than the maximum scale rate")
                    : new Limited(min, true, "TooFewReplicas", "the desired replica count is less than the minimum replica count");
            }
        }

        return new Limited(proposed, false, "DesiredWithinRange", "the desired count is within the acceptable range");
    }

    /// <summary>Notes what was done.</summary>
    public void Note(ScalingBehavior? behavior, int from, int to, DateTimeOffset now)
    {
        var longest = (behavior?.ScaleUp?.Policies ?? []).Concat(behavior?.ScaleDown?.Policies ?? []).Select(p => p.PeriodSeconds).DefaultIfEmpty().Max();
        _done.RemoveAll(d => d.Time < now.AddSeconds(-longest));
        _done.Add((now, to - from));
    }

    private int UpLimit(ScalingRules? rules, int current, DateTimeOffset now) => rules switch
    {
        { SelectPolicy: "Disabled" } => current,
        null or { Policies.Length: 0 } => Math.Max(2 * current, current + 4),
        _ => Select(rules, rules.Policies.Select(policy =>
        {
            var before = current - Done(policy, now);

            // Rounded up, so that one pod can become more.
            return policy.Type == "Pods" ? before + policy.Value : (int)Math.Ceiling(before * (1 + (policy.Value / 100.0)));
        }), isUp: true),
    };

    private int DownLimit(ScalingRules? rules, int current, DateTimeOffset now) => rules switch
    {
        { SelectPolicy: "Disabled" } => current,
        null or { Policies.Length: 0 } => 0,
        _ => Select(rules, rules.Policies.Select(policy =>
        {
            var before = current - Done(policy, now);
            return policy.Type == "Pods" ? before - policy.Value : (int)(before * (1 - (policy.Value / 100.0)));
        }), isUp: false),
    };

    private static int Select(ScalingRules rules, IEnumerable<int> limits, bool isUp) =>
        (rules.SelectPolicy == "Min") == isUp ? limits.Min() : limits.Max();

    /// <summary>What was done in a policy's period: a step back counts against a step forth.</summary>
    private int Done(ScalingPolicy policy, DateTimeOffset now) =>
        _done.Where(d => d.Time > now.AddSeconds(-policy.PeriodSeconds)).Sum(d => d.Change);
}

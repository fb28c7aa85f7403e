using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Policy;

/// <summary>How far a metric may be from its target without anything being done.</summary>
/// <param name="Down">Below, as a part of 1.</param>
/// <param name="Up">Above, as a part of 1.</param>
internal readonly record struct Tolerance(double Down, double Up)
{
    /// <summary>A tenth.</summary>
    public static readonly Tolerance Usual = new(0.1, 0.1);

    /// <summary>Whether a ratio is near enough to 1.</summary>
    public bool Allows(double ratio) => ratio >= 1 - Down && ratio <= 1 + Up;
}

/// <summary>How many pods a metric asks for.</summary>
/// <param name="Replicas">How many.</param>
/// <param name="Average">What was measured, in thousandths: of a pod, or of all.</param>
/// <param name="Utilization">What pods use, in percent of what they request; null if that was not asked for.</param>
internal readonly record struct ReplicaProposal(int Replicas, long Average, int? Utilization = null)
{
    /// <summary>So that pods use so much of what they request.</summary>
    /// <param name="current">How many pods there are to be now.</param>
    /// <param name="target">In percent.</param>
    /// <param name="groups">The pods.</param>
    /// <param name="requests">What they request, in thousandths, by name.</param>
    /// <param name="tolerance">What is near enough.</param>
    /// <exception cref="MetricsException">Nothing can be said.</exception>
    public static ReplicaProposal OfUtilization(
        int current, int target, PodGroups groups, Dictionary<string, long> requests, Tolerance tolerance)
    {
        if (groups.Metrics.Count == 0)
        {
            throw new MetricsException("did not receive metrics for targeted pods (pods might be unready)");
        }

        var (ratio, utilization, average) = Ratio();
        var replicas = Decide(current, groups, ratio, name => requests.GetValueOrDefault(name) * Math.Max(100, target) / 100, () => Ratio().Ratio, tolerance);
        return new ReplicaProposal(replicas, average, utilization);

        (double Ratio, int Utilization, long Average) Ratio()
        {
            long used = 0, requested = 0;
            var count = 0;
            foreach (var (name, amount) in groups.Metrics)
            {
                if (requests.TryGetValue(name, out var request))
                {
                    used += amount;
                    requested += request;
                    count++;
                }
            }

            if (requested == 0)
            {
                throw new MetricsException("no metrics returned matched known pods");
            }

            var percent = (int)(used * 100 / requested);
            return (percent / (double)target, percent, used / count);
        }
    }

    /// <summary>So that pods have so much of something on average.</summary>
    /// <param name="current">How many pods there are to be now.</param>
    /// <param name="target">In thousandths.</param>
    /// <param name="groups">The pods.</param>
    /// <param name="tolerance">What is near enough.</param>
    /// <exception cref="MetricsException">Nothing can be said.</exception>
    public static ReplicaProposal OfAverage(int current, long target, PodGroups groups, Tolerance tolerance)
    {
        if (groups.Metrics.Count == 0)
        {
            throw new MetricsException("did not receive metrics for targeted pods (pods might be unready)");
        }

        var average = Average();
        var replicas = Decide(current, groups, average / (double)target, _ => target, () => Average() / (double)target, tolerance);
        return new ReplicaProposal(replicas, average);

        long Average() => groups.Metrics.Values.Sum() / groups.Metrics.Count;
    }

    /// <summary>So that something that is not the pods' own comes to so much, if it goes down as they become more.</summary>
    /// <param name="current">How many pods there are to be now.</param>
    /// <param name="target">In thousandths.</param>
    /// <param name="usage">What it is, in thousandths.</param>
    /// <param name="pods">The pods.</param>
    /// <param name="tolerance">What is near enough.</param>
    public static ReplicaProposal OfValue(int current, long target, long usage, IEnumerable<Pod> pods, Tolerance tolerance)
    {
        var ratio = usage / (double)target;
        var replicas = current == 0 ? Up(ratio)
            : tolerance.Allows(ratio) ? current
            : Up(ratio * pods.Count(pod => pod is { Status.Phase: "Running", IsReady: true }));
        return new ReplicaProposal(replicas, usage);
    }

    /// <summary>So that each pod has so much of something of which the whole is known.</summary>
    /// <param name="actual">How many pods there are.</param>
    /// <param name="target">In thousandths.</param>
    /// <param name="usage">The whole, in thousandths.</param>
    /// <param name="tolerance">What is near enough.</param>
    public static ReplicaProposal OfShare(int actual, long target, long usage, Tolerance tolerance)
    {
        var isNear = actual > 0 && tolerance.Allows(usage / ((double)target * actual));
        return new ReplicaProposal(isNear ? actual : Up(usage / (double)target), actual == 0 ? 0 : Up(usage / (double)actual));
    }

    /// <summary>
    /// Pods that are not ready would use nothing if more are needed, and those of which nothing is known are thought to do what speaks
    /// against a change. If that turns the matter round, nothing is done.
    /// </summary>
    private static int Decide(
        int current, PodGroups groups, double ratio, Func<string, long> full, Func<double> again, Tolerance tolerance)
    {
        var countsUnready = groups.Unready.Count > 0 && ratio > 1;
        if (!countsUnready && groups.Missing.Count == 0)
        {
            return tolerance.Allows(ratio) ? current : Up(ratio * groups.Ready);
        }

        foreach (var name in groups.Missing)
        {
            if (ratio != 1)
            {
                groups.Metrics[name] = ratio < 1 ? full(name) : 0;
            }
        }

        foreach (var name in countsUnready ? groups.Unready : [])
        {
            groups.Metrics[name] = 0;
        }

        var corrected = again();
        if (tolerance.Allows(corrected) || (ratio < 1 && corrected > 1) || (ratio > 1 && corrected < 1))
        {
            return current;
        }

        var replicas = Up(corrected * groups.Metrics.Count);
        return (corrected < 1 && replicas > current) || (corrected > 1 && replicas < current) ? current : replicas;
    }

    private static int Up(double value) => (int)Math.Min(int.MaxValue, Math.Ceiling(value));
}

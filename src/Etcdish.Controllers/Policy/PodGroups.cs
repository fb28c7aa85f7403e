using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Policy;

/// <summary>The pods of what is scaled, by what can be said of them.</summary>
internal sealed class PodGroups
{
    /// <summary>What a pod uses while it starts says little of what it will.</summary>
    private static readonly TimeSpan _initialization = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan _initialReadiness = TimeSpan.FromSeconds(30);

    private readonly List<string> _unready = [];
    private readonly List<string> _missing = [];

    /// <summary>Sorts pods.</summary>
    /// <param name="pods">All that the selector matches.</param>
    /// <param name="metrics">What was measured.</param>
    /// <param name="resource">What was measured of: of cpu, more is asked of pods. Empty: no resource.</param>
    /// <param name="now">The time.</param>
    public PodGroups(IEnumerable<Pod> pods, Dictionary<string, PodMetric> metrics, string resource, DateTimeOffset now)
    {
        Metrics = metrics.ToDictionary(metric => metric.Key, metric => metric.Value.Milli);
        foreach (var pod in pods)
        {
            var name = pod.Metadata.Name;
            if (pod.Metadata.IsBeingDeleted || pod.Status.Phase == "Failed")
            {
                Metrics.Remove(name);
            }
            else if (pod.Status.Phase is "Pending" or "")
            {
                _unready.Add(name);
                Metrics.Remove(name);
            }
            else if (!metrics.TryGetValue(name, out var metric))
            {
                _missing.Add(name);
            }
            else if (resource == "cpu" && IsUnready(pod, metric, now))
            {
                _unready.Add(name);
                Metrics.Remove(name);
            }
            else
            {
                Ready++;
            }
        }
    }

    /// <summary>How many pods take part.</summary>
    public int Ready { get; }

    /// <summary>What they have, in thousandths, by name.</summary>
    public Dictionary<string, long> Metrics { get; }

    /// <summary>Those that are not ready, or start.</summary>
    public IReadOnlyList<string> Unready => _unready;

    /// <summary>Those of which nothing is known.</summary>
    public IReadOnlyList<string> Missing => _missing;

    private static bool IsUnready(Pod pod, PodMetric metric, DateTimeOffset now)
    {
        if (pod.Status.Find("Ready") is not { } ready || pod.Status.StartTime is not { } start)
        {
            return true;
        }

        return start + _initialization > now
            ? ready.Status == "False" || metric.Time < ready.LastTransitionTime + metric.Window
            : ready.Status == "False" && start + _initialReadiness > ready.LastTransitionTime;
    }
}

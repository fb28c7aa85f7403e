using Etcdish.Kubernetes.Objects;
using Etcdish.Scheduler.Cluster;
using Etcdish.Scheduler.Counting;
using Etcdish.Scheduler.Cycle;
using Etcdish.Scheduler.Pods;

namespace Etcdish.Scheduler.Filters;

/// <summary>
/// Keeps pods spread: with the pod, no domain may have more than maxSkew pods more than the emptiest. Domains are those of nodes that the
/// pod could be on at all, and that have the labels of all constraints.
/// </summary>
internal sealed class SpreadFilter
{
    private static readonly Rejection _skewed =
        new(Plugin.PodTopologySpread, false, "node(s) didn't match pod topology spread constraints");
    private static readonly Rejection _unlabelled =
        new(Plugin.PodTopologySpread, true, "node(s) didn't match pod topology spread constraints (missing required label)");

    private readonly Constraint[] _constraints;

    private SpreadFilter(Constraint[] constraints) => _constraints = constraints;

    /// <summary>The constraints that must hold for a pod; null: there are none.</summary>
    public static SpreadFilter? Of(PodShape pod, ClusterState cluster)
    {
        var hard = pod.Spread.Where(c => c.WhenUnsatisfiable != "ScheduleAnyway").ToArray();
        if (hard.Length == 0)
        {
            return null;
        }

        var keys = hard.Select(c => c.TopologyKey).ToArray();
        return new SpreadFilter([.. hard.Select(c => Make(c, pod, keys, cluster))]);
    }

    public void Refresh(Counters counters)
    {
        foreach (var constraint in _constraints)
        {
            counters.Refresh(constraint.Counter);
        }
    }

    public Rejection? Check(NodeState node)
    {
        foreach (var constraint in _constraints)
        {
            var counter = constraint.Counter;
            var domain = counter.Topology[node.Slot];
            if (domain < 0)
            {
                return _unlabelled;
            }

            var least = counter.Domains < constraint.MinDomains ? 0 : counter.Lowest;
            if (counter[domain] + constraint.Self - least > constraint.MaxSkew)
            {
                return _skewed;
            }
        }

        return null;
    }

    /// <summary>Whether pods like another count for some constraint, so that one more or less changes what is allowed.</summary>
    public static bool Counts(PodShape pod, LabelClass other, NamespaceLabels namespaces) =>
        pod.Spread.Any(c => PodsOf(c, pod).Matches(other, namespaces));

    /// <summary>The pods that count for a constraint of a pod.</summary>
    public static PodMatcher PodsOf(TopologySpreadConstraint constraint, PodShape pod) => PodMatcher.Of(
        pod.Namespace,
        [constraint.LabelSelector],
        [
            .. constraint.MatchLabelKeys.Where(pod.Labels.Labels.ContainsKey)
                .Select(key => new KeyValuePair<string, string>(key, pod.Labels.Labels[key])),
        ]);

    /// <summary>The counter of a constraint of a pod, over nodes that have all of some labels.</summary>
    public static MatchCounter CounterOf(
        PodMatcher pods, TopologySpreadConstraint constraint, PodShape pod, IReadOnlyCollection<string> keys, ClusterState cluster)
    {
        var honorsAffinity = constraint.NodeAffinityPolicy != "Ignore" && pod.NodeText.Length > 0;
        var honorsTaints = constraint.NodeTaintsPolicy == "Honor";
        var nodes = string.Join(',', keys) + (honorsAffinity ? "|" + pod.NodeText : "") + (honorsTaints ? "|" + pod.TolerationText : "");
        var key = new CounterKey([pods], constraint.TopologyKey, CountsTerminating: false, nodes);
        return cluster.Counters.Of(key, node =>
        {
            foreach (var label in keys)
            {
                if (!node.Object.Metadata.Labels.ContainsKey(label))
                {
                    return false;
                }
            }

            return (!honorsAffinity || pod.MayBeOn(node.Object)) && (!honorsTaints || pod.ToleratesAll(node.Object));
        });
    }

    private static Constraint Make(TopologySpreadConstraint constraint, PodShape pod, string[] keys, ClusterState cluster)
    {
        var pods = PodsOf(constraint, pod);
        return new Constraint(
            CounterOf(pods, constraint, pod, keys, cluster),
            constraint.MaxSkew,
            constraint.MinDomains ?? 1,
            pods.Matches(pod.Labels, cluster.Namespaces) ? 1 : 0);
    }

    private sealed record Constraint(MatchCounter Counter, int MaxSkew, int MinDomains, int Self);
}

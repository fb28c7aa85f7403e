using Etcdish.Kubernetes.Objects;
using Etcdish.Scheduler.Cluster;
using Etcdish.Scheduler.Counting;
using Etcdish.Scheduler.Filters;
using Etcdish.Scheduler.Pods;

namespace Etcdish.Scheduler.Scores;

/// <summary>
/// Prefers domains with few pods like the one to be placed: by its own constraints that need not hold, or, without any constraints, over
/// hosts and zones for pods that belong together.
/// </summary>
internal sealed class SpreadScore
{
    private const string Hostname = "kubernetes.io/hostname";
    private static readonly TopologySpreadConstraint[] _defaults =
    [
        new() { TopologyKey = Hostname, WhenUnsatisfiable = "ScheduleAnyway", MaxSkew = 3 },
        new() { TopologyKey = "topology.kubernetes.io/zone", WhenUnsatisfiable = "ScheduleAnyway", MaxSkew = 5 },
    ];

    private readonly Constraint[] _constraints;
    private readonly bool _needsAllLabels;
    private int[] _seen = [];
    private int _look;

    private SpreadScore(Constraint[] constraints, bool needsAllLabels)
    {
        _constraints = constraints;
        _needsAllLabels = needsAllLabels;
    }

    /// <summary>What a pod prefers; null: nothing.</summary>
    public static SpreadScore? Of(PodShape pod, ClusterState cluster)
    {
        if (pod.Spread.Length > 0)
        {
            var soft = pod.Spread.Where(c => c.WhenUnsatisfiable == "ScheduleAnyway").ToArray();
            var keys = soft.Select(c => c.TopologyKey).ToArray();
            return soft.Length == 0 ? null
                : new SpreadScore([.. soft.Select(c => Make(c, SpreadFilter.PodsOf(c, pod), pod, keys, cluster))], needsAllLabels: true);
        }

        return cluster.Owners.Of(pod) is { } pods
            ? new SpreadScore([.. _defaults.Select(c => Make(c, pods, pod, [], cluster))], needsAllLabels: false)
            : null;
    }

    public void Refresh(Counters counters)
    {
        foreach (var constraint in _constraints)
        {
            counters.Refresh(constraint.Counter);
        }
    }

    /// <summary>Adds scores (0 to 100, times a weight) of the nodes that are left.</summary>
    /// <param name="slots">The nodes.</param>
    /// <param name="raw">Room for a number a node.</param>
    /// <param name="totals">What is added to.</param>
    /// <param name="weight">The weight.</param>
    public void AddTo(ReadOnlySpan<int> slots, Span<long> raw, Span<long> totals, int weight)
    {
        Span<double> weights = stackalloc double[_constraints.Length];
        Weigh(slots, weights);
        long min = long.MaxValue, max = 0;
        for (var i = 0; i < slots.Length; i++)
        {
            raw[i] = IsIgnored(slots[i]) ? -1 : Sum(slots[i], weights);
            if (raw[i] >= 0)
            {
                min = Math.Min(min, raw[i]);
                max = Math.Max(max, raw[i]);
            }
        }

        for (var i = 0; i < slots.Length; i++)
        {
            totals[i] += weight * (raw[i] < 0 ? 0 : max == 0 ? 100 : 100 * (max + min - raw[i]) / max);
        }
    }

    private static Constraint Make(TopologySpreadConstraint constraint, PodMatcher pods, PodShape pod, string[] keys, ClusterState cluster)
    {
        var isHost = constraint.TopologyKey == Hostname;
        var counter = isHost
            ? cluster.Counters.Of(new CounterKey([pods], Topology.ByNode, CountsTerminating: false, ""), _ => true)
            : SpreadFilter.CounterOf(pods, constraint, pod, keys, cluster);
        return new Constraint(counter, cluster.Nodes.Topology(constraint.TopologyKey), constraint.MaxSkew, isHost);
    }

    /// <summary>Domains of which there are many count more, as each has few pods.</summary>
    private void Weigh(ReadOnlySpan<int> slots, Span<double> weights)
    {
        for (var c = 0; c < _constraints.Length; c++)
        {
            var constraint = _constraints[c];
            var size = 0;
            var look = ++_look;
            foreach (var slot in slots)
            {
                if (IsIgnored(slot))
                {
                    continue;
                }

                // Those without the label are a domain of their own here.
                var domain = constraint.Topology[slot] + 1;
                if (constraint.IsHost)
                {
                    size++;
                }
                else if (Seen(domain) != look)
                {
                    _seen[domain] = look;
                    size++;
                }
            }

            weights[c] = Math.Log(size + 2);
        }
    }

    private int Seen(int domain)
    {
        if (domain >= _seen.Length)
        {
            Array.Resize(ref _seen, Math.Max(domain + 1, _seen.Length * 2));
        }

        return _seen[domain];
    }

    private long Sum(int slot, ReadOnlySpan<double> weights)
    {
        var sum = 0.0;
        for (var c = 0; c < _constraints.Length; c++)
        {
            var constraint = _constraints[c];
            if (constraint.Topology[slot] >= 0)
            {
                sum += (constraint.Counter.At(slot) * weights[c]) + (constraint.MaxSkew - 1);
            }
        }

        return (long)Math.Round(sum, MidpointRounding.AwayFromZero);
    }

    private bool IsIgnored(int slot)
    {
        if (!_needsAllLabels)
        {
            return false;
        }

        foreach (var constraint in _constraints)
        {
            if (constraint.Topology[slot] < 0)
            {
                return true;
            }
        }

        return false;
    }

    /// <param name="Counter">Counts the pods; for hosts on each node, whatever its label says.</param>
    /// <param name="Topology">The domains.</param>
    /// <param name="MaxSkew">What is added for each domain, so that small differences count less.</param>
    /// <param name="IsHost">Whether it spreads over hosts.</param>
    private sealed record Constraint(MatchCounter Counter, Topology Topology, int MaxSkew, bool IsHost);
}

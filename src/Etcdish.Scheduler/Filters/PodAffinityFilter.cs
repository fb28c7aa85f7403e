using Etcdish.Scheduler.Cluster;
using Etcdish.Scheduler.Counting;
using Etcdish.Scheduler.Cycle;
using Etcdish.Scheduler.Pods;

namespace Etcdish.Scheduler.Filters;

/// <summary>
/// Puts a pod near those it must be near to, and away from those that it must, or that must themselves, be away from it. The first of a
/// group that wants its own company is exempt: there is nobody yet to be near to.
/// </summary>
internal sealed class PodAffinityFilter
{
    private static readonly Rejection _notNear = new(Plugin.InterPodAffinity, true, "node(s) didn't match pod affinity rules");
    private static readonly Rejection _notAway = new(Plugin.InterPodAffinity, false, "node(s) didn't match pod anti-affinity rules");
    private static readonly Rejection _unwanted =
        new(Plugin.InterPodAffinity, false, "node(s) didn't satisfy existing pods anti-affinity rules");

    private readonly MatchCounter[] _near;
    private readonly MatchCounter[] _away;
    private readonly bool _isOwnCompany;
    private readonly List<HeldTerm> _against = [];

    public PodAffinityFilter(PodShape pod, ClusterState cluster)
    {
        var all = pod.RequiredAffinity.Select(t => t.Pods).ToArray();
        _near = [.. pod.RequiredAffinity.Select(t => CounterOf(all, t.TopologyKey, cluster))];
        _away = [.. pod.RequiredAntiAffinity.Select(t => CounterOf([t.Pods], t.TopologyKey, cluster))];
        _isOwnCompany = Array.TrueForAll(all, m => m.Matches(pod.Labels, cluster.Namespaces));
    }

    /// <summary>Counts placed pods that are meant by all of some terms.</summary>
    public static MatchCounter CounterOf(PodMatcher[] pods, string topologyKey, ClusterState cluster) =>
        cluster.Counters.Of(new CounterKey(pods, topologyKey, CountsTerminating: true, ""), _ => true);

    /// <summary>Brings up to date what it counts. False if it has nothing to say about any node.</summary>
    public bool Refresh(PodShape pod, Counters counters)
    {
        _against.Clear();
        foreach (var term in counters.HeldAgainst(pod.Labels))
        {
            if (term.Kind == HeldKind.KeepAway)
            {
                _against.Add(term);
            }
        }

        Array.ForEach(_near, counters.Refresh);
        Array.ForEach(_away, counters.Refresh);
        return _against.Count + _near.Length + _away.Length > 0;
    }

    public Rejection? Check(NodeState node)
    {
        if (_near.Length > 0 && !IsNear(node.Slot))
        {
            return _notNear;
        }

        foreach (var counter in _away)
        {
            if (counter.At(node.Slot) > 0)
            {
                return _notAway;
            }
        }

        foreach (var term in _against)
        {
            if (term.At(node.Slot) > 0)
            {
                return _unwanted;
            }
        }

        return null;
    }

    private bool IsNear(int slot)
    {
        var isNear = true;
        var isFirst = _isOwnCompany;
        foreach (var counter in _near)
        {
            if (counter.Topology[slot] < 0)
            {
                return false;
            }

            isNear &= counter.At(slot) > 0;
            isFirst &= counter.Total == 0;
        }

        return isNear || isFirst;
    }
}

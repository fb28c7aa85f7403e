using Etcdish.Scheduler.Cluster;
using Etcdish.Scheduler.Counting;
using Etcdish.Scheduler.Filters;
using Etcdish.Scheduler.Pods;

namespace Etcdish.Scheduler.Scores;

/// <summary>
/// Prefers nodes near pods that the one to be placed would rather be near to, and near pods that would rather have it near; and the
/// opposite.
/// </summary>
internal sealed class PodAffinityScore
{
    private readonly (MatchCounter Counter, int Weight)[] _own;
    private readonly List<HeldTerm> _others = [];

    public PodAffinityScore(PodShape pod, ClusterState cluster) =>
        _own = [.. pod.PreferredAffinity.Select(t => (PodAffinityFilter.CounterOf([t.Pods], t.TopologyKey, cluster), t.Weight))];

    /// <summary>Brings up to date what it counts. False if it has nothing to say about any node.</summary>
    public bool Refresh(PodShape pod, Counters counters)
    {
        _others.Clear();
        foreach (var term in counters.HeldAgainst(pod.Labels))
        {
            if (term.Kind == HeldKind.Weigh)
            {
                _others.Add(term);
            }
        }

        foreach (var (counter, _) in _own)
        {
            counters.Refresh(counter);
        }

        return _own.Length + _others.Count > 0;
    }

    /// <summary>Adds scores (0 to 100, times a weight) of the nodes that are left.</summary>
    public void AddTo(ReadOnlySpan<int> slots, Span<long> raw, Span<long> totals, int weight)
    {
        long min = long.MaxValue, max = long.MinValue;
        for (var i = 0; i < slots.Length; i++)
        {
            raw[i] = Sum(slots[i]);
            min = Math.Min(min, raw[i]);
            max = Math.Max(max, raw[i]);
        }

        if (max <= min)
        {
            return;
        }

        for (var i = 0; i < slots.Length; i++)
        {
            totals[i] += weight * (long)(100 * ((double)(raw[i] - min) / (max - min)));
        }
    }

    private long Sum(int slot)
    {
        long sum = 0;
        foreach (var (counter, weight) in _own)
        {
            sum += (long)weight * counter.At(slot);
        }

        foreach (var term in _others)
        {
            sum += term.At(slot);
        }

        return sum;
    }
}

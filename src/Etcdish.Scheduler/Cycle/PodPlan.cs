using Etcdish.Scheduler.Cluster;
using Etcdish.Scheduler.Filters;
using Etcdish.Scheduler.Pods;
using Etcdish.Scheduler.Scores;

namespace Etcdish.Scheduler.Cycle;

/// <summary>
/// All that was found out about placing pods of one shape. What a node alone decides is kept with the generation of the node that it was
/// found for, so that with equal pods one after the other only the node that took the last one is looked at anew.
/// </summary>
internal sealed class PodPlan
{
    private readonly ClusterState _cluster;
    private Verdict[] _verdicts = [];
    private long _ownersVersion = -1;
    private SpreadScore? _spreadScore;

    public PodPlan(PodShape shape, ClusterState cluster)
    {
        Shape = shape;
        _cluster = cluster;
        NodeNames = NamesOf(shape);
        Spread = SpreadFilter.Of(shape, cluster);
        AffinityFilter = new PodAffinityFilter(shape, cluster);
        AffinityScore = new PodAffinityScore(shape, cluster);
    }

    public PodShape Shape { get; }

    /// <summary>The only nodes it can be on by their names, in the order of names; null: its affinity names none.</summary>
    public string[]? NodeNames { get; }

    public SpreadFilter? Spread { get; }

    public PodAffinityFilter AffinityFilter { get; }

    public PodAffinityScore AffinityScore { get; }

    /// <summary>Whether other pods' nearness decides.</summary>
    public bool UsesAffinityFilter { get; private set; }

    /// <summary>Whether other pods' nearness weighs.</summary>
    public bool UsesAffinityScore { get; private set; }

    public SpreadScore? SpreadScore => _spreadScore;

    /// <summary>When it was last used, by count of uses of plans.</summary>
    public long LastUse { get; set; }

    /// <summary>Brings up to date what it rests on.</summary>
    public void Refresh()
    {
        if (_ownersVersion != _cluster.Owners.Version)
        {
            _ownersVersion = _cluster.Owners.Version;
            _spreadScore = SpreadScore.Of(Shape, _cluster);
        }

        Spread?.Refresh(_cluster.Counters);
        _spreadScore?.Refresh(_cluster.Counters);
        UsesAffinityFilter = AffinityFilter.Refresh(Shape, _cluster.Counters);
        UsesAffinityScore = AffinityScore.Refresh(Shape, _cluster.Counters);
        if (_verdicts.Length < _cluster.Nodes.Slots)
        {
            Array.Resize(ref _verdicts, Math.Max(_cluster.Nodes.Slots, _verdicts.Length * 2));
        }
    }

    /// <summary>What a node alone says.</summary>
    public ref readonly Verdict On(NodeState node)
    {
        ref var verdict = ref _verdicts[node.Slot];
        if (verdict.Generation != node.Generation)
        {
            verdict = Look(node);
        }

        return ref verdict;
    }

    private Verdict Look(NodeState node)
    {
        var rejection = NodeFilters.Check(Shape, node, _cluster.Names);
        return rejection is not null ? new Verdict(node.Generation, rejection, 0, 0, 0) : new Verdict(
            node.Generation,
            null,
            ResourceScores.LeastAllocated(Shape, node) + ResourceScores.Balanced(Shape, node),
            NodeScores.UnwelcomeTaints(Shape, node),
            NodeScores.Preference(Shape, node));
    }

    /// <summary>
    /// If every term of the required node affinity names nodes, only these can be meant: pods of a daemon set name one each, and would
    /// otherwise be held against every node of the cluster.
    /// </summary>
    private static string[]? NamesOf(PodShape shape)
    {
        if (shape.NodeAffinity?.Required is not { } required)
        {
            return null;
        }

        SortedSet<string> names = new(StringComparer.Ordinal);
        foreach (var term in required.NodeSelectorTerms)
        {
            HashSet<string>? named = null;
            foreach (var field in term.MatchFields)
            {
                if (field is { Key: "metadata.name", Operator: "In" })
                {
                    named = named is null ? [.. field.Values] : [.. named.Intersect(field.Values)];
                }
            }

            if (named is null)
            {
                return null;
            }

            names.UnionWith(named);
        }

        return [.. names];
    }
}

/// <summary>What a node alone says about a pod.</summary>
/// <param name="Generation">The state of the node that this was found for.</param>
/// <param name="Rejection">Why it cannot take the pod, or null; then the rest is zero.</param>
/// <param name="Resources">The scores by resources, least allocated and balanced together, 0 to 200.</param>
/// <param name="Taints">How many of its taints are unwelcome.</param>
/// <param name="Preference">The weight of the pod's preferences that it meets.</param>
internal readonly record struct Verdict(long Generation, Rejection? Rejection, int Resources, int Taints, int Preference);

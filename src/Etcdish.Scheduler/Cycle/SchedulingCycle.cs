using Etcdish.Scheduler.Cluster;
using Etcdish.Scheduler.Pods;
using Etcdish.Scheduler.Queueing;
using Etcdish.Scheduler.Scores;
using Etcdish.Scheduler.Volumes;

namespace Etcdish.Scheduler.Cycle;

/// <summary>
/// Finds the best node for a pod, as Kubernetes does: looks at nodes by turns until enough can take it, and lets those be scored. It
/// changes nothing.
/// </summary>
/// <param name="cluster">The cluster.</param>
/// <param name="options">How many nodes are looked at.</param>
internal sealed class SchedulingCycle(ClusterState cluster, SchedulerOptions options)
{
    private const int MaxPlans = 256;
    private const int MinNodesToFind = 100;
    private static readonly Rejection _notNamed = new(Plugin.NodeAffinity, true, "node(s) didn't satisfy plugin(s) [NodeAffinity]");

    private readonly Dictionary<PodShape, PodPlan> _plans = [];
    private readonly Random _random = new(options.Seed);
    private readonly Dictionary<Rejection, int> _reasons = new(ReferenceEqualityComparer.Instance);
    private readonly List<PodState> _nominated = [];
    private int[] _found = [];
    private long[] _totals = [];
    private long[] _raw = [];
    private int _start;
    private long _use;

    /// <summary>Finds a node for a pod.</summary>
    public Placement Find(QueuedPod pod)
    {
        var all = cluster.Nodes.Order;
        if (all.Length == 0)
        {
            return new Placement(null, Diagnosis.NoNodes, null);
        }

        var plan = PlanOf(pod.Shape);
        var volumes = VolumeFilter.Of(pod.Pod, pod.Shape, cluster, out var rejection);
        if (rejection is not null)
        {
            return new Placement(null, Diagnosis.OfAll(all.Length, rejection), null);
        }

        Reserve(all.Length);
        if (cluster.Nodes.Find(cluster.Nominations.NodeOf(pod.Key)) is { Node: not null } nominated
            && Check(plan, pod, nominated, volumes) is null)
        {
            return Taken(nominated, volumes);
        }

        var nodes = plan.NodeNames is { } names ? Named(names) : all;
        var found = LookFor(plan, pod, nodes, volumes);
        return found == 0 ? new Placement(null, Explain(plan, pod, nodes, all.Length, volumes), null)
            : Taken(cluster.Nodes[_found[found == 1 ? 0 : Best(plan, found, all.Length)]], volumes);
    }

    /// <summary>The plan of a shape, up to date.</summary>
    public PodPlan PlanOf(PodShape shape)
    {
        if (!_plans.TryGetValue(shape, out var plan))
        {
            if (_plans.Count >= MaxPlans)
            {
                foreach (var old in _plans.Values.OrderBy(p => p.LastUse).Take(MaxPlans / 2).ToArray())
                {
                    _plans.Remove(old.Shape);
                }
            }

            _plans[shape] = plan = new PodPlan(shape, cluster);
        }

        plan.LastUse = ++_use;
        plan.Refresh();
        return plan;
    }

    /// <summary>
    /// Whether a node can take a pod, beside pods of no lower priority for which room is being made there: with them, as they will come,
    /// and without, as they may not.
    /// </summary>
    public Rejection? Check(PodPlan plan, QueuedPod pod, NodeState node, VolumeFilter? volumes)
    {
        if (!cluster.Nominations.IsEmpty && AddNominated(pod, node))
        {
            var rejection = Check(plan, node, volumes);
            _nominated.ForEach(cluster.Unplace);
            _nominated.Clear();
            if (rejection is not null)
            {
                return rejection;
            }
        }

        return Check(plan, node, volumes);
    }

    private static Rejection? Check(PodPlan plan, NodeState node, VolumeFilter? volumes) =>
        plan.On(node).Rejection
        ?? volumes?.Check(node)
        ?? plan.Spread?.Check(node)
        ?? (plan.UsesAffinityFilter ? plan.AffinityFilter.Check(node) : null);

    private static Placement Taken(NodeState node, VolumeFilter? volumes) => new(node, null, volumes?.ChoicesOn(node));

    private bool AddNominated(QueuedPod pod, NodeState node)
    {
        foreach (var other in cluster.Nominations.On(node.Name))
        {
            if (other != pod && other.Shape.Priority >= pod.Shape.Priority)
            {
                _nominated.Add(new PodState(other.Pod, other.Shape));
            }
        }

        foreach (var other in _nominated)
        {
            cluster.Place(other, node);
        }

        return _nominated.Count > 0;
    }

    private int LookFor(PodPlan plan, QueuedPod pod, NodeState[] nodes, VolumeFilter? volumes)
    {
        var wanted = NodesToFind(nodes.Length);
        var start = nodes.Length == 0 ? 0 : _start % nodes.Length;
        int found = 0, looked = 0;
        for (; looked < nodes.Length && found < wanted; looked++)
        {
            var at = start + looked;
            var node = nodes[at < nodes.Length ? at : at - nodes.Length];
            if (Check(plan, pod, node, volumes) is null)
            {
                _found[found++] = node.Slot;
            }
        }

        _start = nodes.Length == 0 ? 0 : (start + looked) % nodes.Length;
        return found;
    }

    /// <summary>Looks at all nodes once more, to say why: most pods find one, and none of it need be remembered then.</summary>
    private Diagnosis Explain(PodPlan plan, QueuedPod pod, NodeState[] nodes, int all, VolumeFilter? volumes)
    {
        _reasons.Clear();
        List<NodeState> resolvable = [];
        foreach (var node in nodes)
        {
            if (Check(plan, pod, node, volumes) is { } why)
            {
                _reasons[why] = _reasons.GetValueOrDefault(why) + 1;
                if (!why.IsUnresolvable)
                {
                    resolvable.Add(node);
                }
            }
        }

        if (all > nodes.Length)
        {
            _reasons[_notNamed] = all - nodes.Length;
        }

        return Diagnosis.OfEach(all, _reasons, resolvable);
    }

    private int Best(PodPlan plan, int count, int nodes)
    {
        var slots = _found.AsSpan(0, count);
        var totals = _totals.AsSpan(0, count);
        var raw = _raw.AsSpan(0, count);
        AddOwnScores(plan, slots, totals, nodes);
        plan.SpreadScore?.AddTo(slots, raw, totals, weight: 2);
        if (plan.UsesAffinityScore)
        {
            plan.AffinityScore.AddTo(slots, raw, totals, weight: 2);
        }

        int best = 0, ties = 1;
        for (var i = 1; i < count; i++)
        {
            if (totals[i] > totals[best])
            {
                (best, ties) = (i, 1);
            }
            else if (totals[i] == totals[best] && _random.Next(++ties) == 0)
            {
                best = i;
            }
        }

        return best;
    }

    private void AddOwnScores(PodPlan plan, ReadOnlySpan<int> slots, Span<long> totals, int nodes)
    {
        long maxTaints = 0, maxPreference = 0;
        for (var i = 0; i < slots.Length; i++)
        {
            ref readonly var verdict = ref plan.On(cluster.Nodes[slots[i]]);
            totals[i] = verdict.Resources;
            maxTaints = Math.Max(maxTaints, verdict.Taints);
            maxPreference = Math.Max(maxPreference, verdict.Preference);
        }

        var images = cluster.Nodes.Images;
        var hasImages = NodeScores.HasImages(plan.Shape, images);
        if (maxTaints == 0 && maxPreference == 0 && !hasImages)
        {
            return;
        }

        for (var i = 0; i < slots.Length; i++)
        {
            var node = cluster.Nodes[slots[i]];
            ref readonly var verdict = ref plan.On(node);
            totals[i] += maxTaints == 0 ? 0 : 3 * (100 - (100 * verdict.Taints / maxTaints));
            totals[i] += maxPreference == 0 ? 0 : 2 * (100 * verdict.Preference / maxPreference);
            totals[i] += hasImages ? NodeScores.Images(plan.Shape, node, images, nodes) : 0;
        }
    }

    /// <summary>How many nodes must fit before no more are looked at.</summary>
    internal int NodesToFind(int nodes)
    {
        if (nodes < MinNodesToFind)
        {
            return nodes;
        }

        var percentage = options.PercentageOfNodesToScore > 0 ? options.PercentageOfNodesToScore : Math.Max(5, 50 - (nodes / 125));
        return Math.Max(MinNodesToFind, (int)((long)nodes * Math.Min(percentage, 100) / 100));
    }

    private NodeState[] Named(string[] names) => [.. names.Select(cluster.Nodes.Find).OfType<NodeState>().Where(n => n.Node is not null)];

    private void Reserve(int nodes)
    {
        if (_found.Length < nodes)
        {
            _found = new int[nodes];
            _totals = new long[nodes];
            _raw = new long[nodes];
        }
    }
}

/// <summary>What came of looking for a node.</summary>
/// <param name="Node">The node, or null.</param>
/// <param name="Diagnosis">Why there is none.</param>
/// <param name="Volumes">The volumes that were chosen with it.</param>
internal readonly record struct Placement(NodeState? Node, Diagnosis? Diagnosis, VolumeChoices? Volumes);

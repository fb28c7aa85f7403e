using Etcdish.Kubernetes.Objects;
using Etcdish.Scheduler.Counting;

namespace Etcdish.Scheduler.Cluster;

/// <summary>All nodes, each with a slot: a small number that is used again when the node is gone.</summary>
/// <param name="names">The names of resources.</param>
internal sealed class NodeTable(ResourceNames names)
{
    private const string Zone = "topology.kubernetes.io/zone";
    private const string Region = "topology.kubernetes.io/region";

    private readonly Dictionary<string, NodeState> _byName = [];
    private readonly List<NodeState?> _slots = [];
    private readonly Stack<int> _free = [];
    private readonly Dictionary<string, Topology> _topologies = [];
    private NodeState[]? _order;
    private long _generation;

    /// <summary>Grows whenever a node comes or goes, or its labels or taints change.</summary>
    public long LabelsVersion { get; private set; }

    /// <summary>The images that nodes have.</summary>
    public ImageTable Images { get; } = new();

    /// <summary>How many slots there are.</summary>
    public int Slots => _slots.Count;

    /// <summary>All states of nodes, those that nobody has seen included.</summary>
    public IEnumerable<NodeState> All => _slots.OfType<NodeState>();

    /// <summary>The nodes that have been seen, in the order in which they are looked at: zone by turns.</summary>
    public NodeState[] Order => _order ??= MakeOrder();

    /// <summary>The node in a slot.</summary>
    public NodeState this[int slot] => _slots[slot]!;

    public NodeState? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>A node, which is not known to exist if it was not here.</summary>
    public NodeState Of(string name)
    {
        if (!_byName.TryGetValue(name, out var node))
        {
            if (!_free.TryPop(out var slot))
            {
                slot = _slots.Count;
                _slots.Add(null);
            }

            node = new NodeState(slot, name);
            _slots[slot] = node;
            _byName[name] = node;
            Touch(node);
        }

        return node;
    }

    /// <summary>How a label parts the nodes.</summary>
    public Topology Topology(string key)
    {
        if (!_topologies.TryGetValue(key, out var topology))
        {
            _topologies[key] = topology = new Topology(key);
            foreach (var node in All)
            {
                topology.Set(node);
            }
        }

        return topology;
    }

    /// <summary>Takes a node as it is now; null: it is gone. Says whether what counters rest on has changed.</summary>
    public bool Set(NodeState node, Node? now)
    {
        var before = node.Node;
        var relabelled = before is null || now is null
            || !Equal(before.Metadata.Labels, now.Metadata.Labels)
            || !Equal(before.Spec.Taints, now.Spec.Taints);
        node.Set(now, names);
        Images.Replace(node.Slot, before, now);
        Touch(node);
        if (relabelled)
        {
            LabelsVersion++;
            _order = null;
            foreach (var topology in _topologies.Values)
            {
                topology.Set(node);
            }
        }

        return relabelled;
    }

    /// <summary>Forgets a node that is gone and has no pods.</summary>
    public void Drop(NodeState node)
    {
        if (node.Node is null && node.Pods.Count == 0 && _byName.Remove(node.Name))
        {
            _slots[node.Slot] = null;
            _free.Push(node.Slot);
        }
    }

    /// <summary>Something about a node has changed: what was found out about it no longer holds.</summary>
    public void Touch(NodeState node) => node.Generation = ++_generation;

    private NodeState[] MakeOrder()
    {
        var zones = All.Where(n => n.Node is not null)
            .GroupBy(n => (n.Object.Metadata.Labels.GetValueOrDefault(Region), n.Object.Metadata.Labels.GetValueOrDefault(Zone)))
            .Select(g => g.ToArray()).ToArray();
        var order = new List<NodeState>();
        var count = zones.Sum(z => z.Length);
        for (var i = 0; order.Count < count; i++)
        {
            order.AddRange(zones.Where(z => i < z.Length).Select(z => z[i]));
        }

        return [.. order];
    }

    internal static bool Equal(Dictionary<string, string> left, Dictionary<string, string> right) =>
        left.Count == right.Count && left.All(l => right.TryGetValue(l.Key, out var value) && value == l.Value);

    internal static bool Equal(Taint[] left, Taint[] right) =>
        left.Length == right.Length
        && left.Zip(right).All(p => p.First.Key == p.Second.Key && p.First.Value == p.Second.Value && p.First.Effect == p.Second.Effect);
}

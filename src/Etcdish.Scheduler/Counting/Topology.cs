using Etcdish.Scheduler.Cluster;

namespace Etcdish.Scheduler.Counting;

/// <summary>
/// How a label parts the nodes: nodes with equal values are in one domain, those without it in none. Domains and slots of nodes are
/// numbers, so that to look one up is to read an array.
/// </summary>
/// <param name="key">The label.</param>
internal sealed class Topology(string key)
{
    /// <summary>The key of the topology in which every node is a domain; no label is named so.</summary>
    public const string ByNode = "/node";

    private readonly Dictionary<string, int> _domains = [];
    private int[] _bySlot = [];

    public string Key { get; } = key;

    /// <summary>How many domains have ever been.</summary>
    public int Domains => _domains.Count;

    /// <summary>The domain of a node, or -1.</summary>
    public int this[int slot] => slot < _bySlot.Length ? _bySlot[slot] : -1;

    /// <summary>Takes the label of a node anew. False if it has not changed.</summary>
    public bool Set(NodeState node)
    {
        if (node.Slot >= _bySlot.Length)
        {
            var length = _bySlot.Length;
            Array.Resize(ref _bySlot, Math.Max(node.Slot + 1, length * 2));
            _bySlot.AsSpan(length).Fill(-1);
        }

        var domain = -1;
        if (ValueOf(node) is { } value && !_domains.TryGetValue(value, out domain))
        {
            _domains[value] = domain = _domains.Count;
        }

        var changed = _bySlot[node.Slot] != domain;
        _bySlot[node.Slot] = domain;
        return changed;
    }

    private string? ValueOf(NodeState node) => node.Node is not { } found ? null
        : Key == ByNode ? node.Name
        : found.Metadata.Labels.GetValueOrDefault(Key);
}

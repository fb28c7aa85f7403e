using Etcdish.Scheduler.Cluster;
using Etcdish.Scheduler.Pods;

namespace Etcdish.Scheduler.Counting;

/// <summary>
/// Counts the placed pods that are meant by all of some matchers, by domain, on those nodes that count. It is kept up to date by every
/// pod that is placed or removed, and counted again from nothing when nodes or namespaces change what it rests on.
/// </summary>
internal sealed class MatchCounter(CounterKey key, Topology topology, Func<NodeState, bool> counts) : DomainCounts(topology)
{
    private readonly List<int> _nodes = [];
    private readonly System.Collections.BitArray _counted = new(0);
    private readonly List<int> _domainsWith = [];
    private int _lowest;
    private int _present;

    public CounterKey Key { get; } = key;

    /// <summary>The versions of nodes and namespaces that it was counted at.</summary>
    public (long Nodes, long Namespaces) Version { get; set; } = (-1, -1);

    /// <summary>When it was last asked for.</summary>
    public long LastUse { get; set; }

    /// <summary>How many domains have a node that counts.</summary>
    public int Domains => _present;

    /// <summary>The least number of a domain with a node that counts; 0 if there is none.</summary>
    public int Lowest
    {
        get
        {
            if (_present == 0)
            {
                return 0;
            }

            while (_lowest < _domainsWith.Count && _domainsWith[_lowest] == 0)
            {
                _lowest++;
            }

            return _lowest;
        }
    }

    public bool Matches(LabelClass pods, NamespaceLabels namespaces)
    {
        foreach (var matcher in Key.Pods)
        {
            if (!matcher.Matches(pods, namespaces))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether pods on a node count.</summary>
    public bool Counts(NodeState node) => node.Slot < _counted.Length && _counted[node.Slot];

    /// <summary>Whether a pod counts, if it is one of those that are meant.</summary>
    public bool Counts(PodState pod) => Key.CountsTerminating || !pod.IsTerminating;

    /// <summary>A node is there: from now on pods on it count, if it is one that does.</summary>
    public void Include(NodeState node)
    {
        var domain = Topology[node.Slot];
        if (domain < 0 || node.Node is null || !counts(node))
        {
            return;
        }

        _counted.Length = Math.Max(_counted.Length, node.Slot + 1);
        _counted[node.Slot] = true;
        while (_nodes.Count <= domain)
        {
            _nodes.Add(0);
        }

        if (_nodes[domain]++ == 0)
        {
            _present++;
            Move(-1, this[domain]);
        }
    }

    public override void Add(int domain, int amount)
    {
        var before = this[domain];
        base.Add(domain, amount);
        if (domain >= 0 && domain < _nodes.Count && _nodes[domain] > 0)
        {
            Move(before, before + amount);
        }
    }

    public override void Clear()
    {
        base.Clear();
        _counted.SetAll(false);
        _nodes.Clear();
        _domainsWith.Clear();
        _lowest = 0;
        _present = 0;
    }

    /// <summary>A domain has another number: keeps how many domains have which, and so the least one.</summary>
    private void Move(int before, int now)
    {
        while (_domainsWith.Count <= now)
        {
            _domainsWith.Add(0);
        }

        _domainsWith[now]++;
        if (before >= 0)
        {
            _domainsWith[before]--;
        }

        _lowest = Math.Min(_lowest, now);
    }
}

/// <summary>What a <see cref="MatchCounter"/> counts. Whoever asks for the same shares it.</summary>
/// <param name="Pods">Those pods that all of these mean.</param>
/// <param name="TopologyKey">By which label of nodes.</param>
/// <param name="CountsTerminating">Whether pods on their way out count.</param>
/// <param name="Nodes">Names which nodes count.</param>
internal sealed record CounterKey(PodMatcher[] Pods, string TopologyKey, bool CountsTerminating, string Nodes)
{
    public bool Equals(CounterKey? other) =>
        other is not null && TopologyKey == other.TopologyKey && CountsTerminating == other.CountsTerminating && Nodes == other.Nodes
        && Pods.AsSpan().SequenceEqual(other.Pods);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.Add(TopologyKey);
        hash.Add(CountsTerminating);
        hash.Add(Nodes);
        foreach (var pods in Pods)
        {
            hash.Add(pods);
        }

        return hash.ToHashCode();
    }
}

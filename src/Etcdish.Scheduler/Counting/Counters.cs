using Etcdish.Scheduler.Cluster;
using Etcdish.Scheduler.Pods;

namespace Etcdish.Scheduler.Counting;

/// <summary>
/// All counters of placed pods. A pod that is placed or removed changes those that its label class is counted by and those of the terms it
/// has; all others are not touched. What rests on labels and taints of nodes, or on labels of namespaces, is counted again when these
/// change.
/// </summary>
/// <param name="nodes">The nodes, with the pods on them.</param>
/// <param name="namespaces">The labels of namespaces.</param>
internal sealed class Counters(NodeTable nodes, NamespaceLabels namespaces)
{
    private const int MaxIdleCounters = 2048;
    private readonly Dictionary<CounterKey, MatchCounter> _counters = [];
    private readonly List<LabelClass> _classes = [];
    private readonly Dictionary<(HeldKind, string Key, PodMatcher), HeldTerm> _held = [];
    private readonly List<HeldTerm> _heldList = [];
    private long _heldVersion;
    private long _namespacesVersion;
    private long _use;

    /// <summary>The counter of something; it is up to date until nodes or namespaces change.</summary>
    /// <param name="key">What is counted.</param>
    /// <param name="counts">Which nodes count: what <see cref="CounterKey.Nodes"/> names.</param>
    public MatchCounter Of(CounterKey key, Func<NodeState, bool> counts)
    {
        if (!_counters.TryGetValue(key, out var counter))
        {
            Trim();
            _counters[key] = counter = new MatchCounter(key, nodes.Topology(key.TopologyKey), counts);
        }

        counter.LastUse = ++_use;
        return counter;
    }

    /// <summary>Brings a counter up to date, and says that it is in use.</summary>
    public void Refresh(MatchCounter counter)
    {
        counter.LastUse = ++_use;
        if (counter.Version != (nodes.LabelsVersion, _namespacesVersion))
        {
            if (!_counters.TryGetValue(counter.Key, out var registered) || registered != counter)
            {
                if (registered is not null)
                {
                    Drop(registered);
                }

                _counters[counter.Key] = counter;
            }

            Recount(counter);
        }
    }

    /// <summary>The terms of placed pods that mean pods of a class.</summary>
    public List<HeldTerm> HeldAgainst(LabelClass pods)
    {
        if (pods.HeldVersion != _heldVersion)
        {
            pods.HeldVersion = _heldVersion;
            pods.Held.Clear();
            foreach (var term in _heldList)
            {
                if (term.Pods.Matches(pods, namespaces))
                {
                    pods.Held.Add(term);
                }
            }
        }

        foreach (var term in pods.Held)
        {
            if (term.Version != nodes.LabelsVersion)
            {
                RecountHeld();
                break;
            }
        }

        return pods.Held;
    }

    /// <summary>A pod was placed (1) or removed (-1).</summary>
    public void Place(PodState pod, NodeState node, int sign)
    {
        foreach (var counter in pod.Shape.Labels.Counters)
        {
            if (counter.Version == (nodes.LabelsVersion, _namespacesVersion) && counter.Counts(pod) && counter.Counts(node))
            {
                counter.Add(counter.Topology[node.Slot], sign);
            }
        }

        foreach (var (term, weight) in HeldBy(pod.Shape))
        {
            term.Add(term.Topology[node.Slot], sign * weight);
        }
    }

    /// <summary>A node without pods came, and nothing else changed.</summary>
    public void Include(NodeState node, long versionBefore)
    {
        foreach (var counter in _counters.Values)
        {
            if (counter.Version == (versionBefore, _namespacesVersion))
            {
                counter.Version = (nodes.LabelsVersion, _namespacesVersion);
                counter.Include(node);
            }
        }

        foreach (var term in _heldList)
        {
            term.Version = term.Version == versionBefore ? nodes.LabelsVersion : term.Version;
        }
    }

    /// <summary>Labels of a namespace have changed.</summary>
    public void NamespacesChanged()
    {
        _namespacesVersion++;
        _heldVersion++;
    }

    public void Add(LabelClass added)
    {
        added.Place = _classes.Count;
        _classes.Add(added);
        foreach (var counter in _counters.Values)
        {
            if (counter.Matches(added, namespaces))
            {
                added.Counters.Add(counter);
            }
        }
    }

    public void Remove(LabelClass gone)
    {
        _classes[^1].Place = gone.Place;
        _classes[gone.Place] = _classes[^1];
        _classes.RemoveAt(_classes.Count - 1);
    }

    public void Remove(PodShape gone)
    {
        foreach (var (term, _) in gone.Held ?? [])
        {
            if (--term.Users == 0)
            {
                _held.Remove((term.Kind, term.Topology.Key, term.Pods));
                _heldList.Remove(term);
                _heldVersion++;
            }
        }
    }

    private void Recount(MatchCounter counter)
    {
        counter.Version = (nodes.LabelsVersion, _namespacesVersion);
        counter.Clear();
        foreach (var pods in _classes)
        {
            pods.Counters.Remove(counter);
            if (counter.Matches(pods, namespaces))
            {
                pods.Counters.Add(counter);
            }
        }

        foreach (var node in nodes.All)
        {
            counter.Include(node);
            if (!counter.Counts(node))
            {
                continue;
            }

            foreach (var pod in node.Pods)
            {
                if (counter.Counts(pod) && pod.Shape.Labels.Counters.Contains(counter))
                {
                    counter.Add(counter.Topology[node.Slot], 1);
                }
            }
        }
    }

    private (HeldTerm Term, int Weight)[] HeldBy(PodShape shape) => shape.Held ??=
    [
        .. shape.RequiredAntiAffinity.Select(t => (Hold(HeldKind.KeepAway, t), 1)),
        .. shape.RequiredAffinity.Concat(shape.PreferredAffinity).Select(t => (Hold(HeldKind.Weigh, t), t.Weight)),
    ];

    private HeldTerm Hold(HeldKind kind, AffinityTerm term)
    {
        if (!_held.TryGetValue((kind, term.TopologyKey, term.Pods), out var held))
        {
            held = new HeldTerm(kind, term.Pods, nodes.Topology(term.TopologyKey)) { Version = nodes.LabelsVersion };
            _held[(kind, term.TopologyKey, term.Pods)] = held;
            _heldList.Add(held);
            _heldVersion++;
        }

        held.Users++;
        return held;
    }

    private void RecountHeld()
    {
        foreach (var term in _heldList)
        {
            term.Clear();
            term.Version = nodes.LabelsVersion;
        }

        foreach (var node in nodes.All)
        {
            foreach (var pod in node.Pods)
            {
                foreach (var (term, weight) in HeldBy(pod.Shape))
                {
                    term.Add(term.Topology[node.Slot], weight);
                }
            }
        }
    }

    /// <summary>Drops the half of the counters that were not asked for the longest; who still has one gets it counted again.</summary>
    private void Trim()
    {
        if (_counters.Count < MaxIdleCounters)
        {
            return;
        }

        foreach (var counter in _counters.Values.OrderBy(c => c.LastUse).Take(MaxIdleCounters / 2).ToArray())
        {
            _counters.Remove(counter.Key);
            Drop(counter);
        }
    }

    private void Drop(MatchCounter counter)
    {
        counter.Version = (-1, -1);
        _classes.ForEach(pods => pods.Counters.Remove(counter));
    }
}

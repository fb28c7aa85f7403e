using Etcdish.Kubernetes.Objects;
using Etcdish.Scheduler.Counting;
using Etcdish.Scheduler.Pods;
using Etcdish.Scheduler.Volumes;

namespace Etcdish.Scheduler.Cluster;

/// <summary>
/// The cluster as the scheduler sees it: what it was told, and what it has decided and not yet been told. It belongs to the scheduling
/// loop alone, so that it needs neither locks nor copies; changes reach it through the <see cref="Inbox"/>.
/// </summary>
internal sealed class ClusterState
{
    private readonly Dictionary<ObjectKey, PodState> _pods = [];
    private readonly SortedDictionary<int, int> _priorities = [];

    public ClusterState()
    {
        Nodes = new NodeTable(Names);
        Counters = new Counters(Nodes, Namespaces);
        Shapes = new PodShapes(Names, Counters);
    }

    public ResourceNames Names { get; } = new();

    public NodeTable Nodes { get; }

    public NamespaceLabels Namespaces { get; } = new();

    public Counters Counters { get; }

    public PodShapes Shapes { get; }

    public VolumeTable Volumes { get; } = new();

    /// <summary>The selectors of services and of the owners of pods.</summary>
    public OwnerSelectors Owners { get; } = new();

    /// <summary>Those pods for which room is being made.</summary>
    public Nominations Nominations { get; } = new();

    /// <summary>How many pods have a node.</summary>
    public int PodCount => _pods.Count;

    /// <summary>The lowest priority of a pod that has a node; the highest number if there is none.</summary>
    public int LowestPriority
    {
        get
        {
            foreach (var (priority, _) in _priorities)
            {
                return priority;
            }

            return int.MaxValue;
        }
    }

    /// <summary>A pod that has a node, or null.</summary>
    public PodState? Find(ObjectKey key) => _pods.GetValueOrDefault(key);

    /// <summary>Takes a node as it is now; null: it is gone.</summary>
    public NodeState SetNode(string name, Node? now)
    {
        var node = Nodes.Of(name);
        var version = Nodes.LabelsVersion;
        var isNew = node.Node is null && node.Pods.Count == 0;
        if (Nodes.Set(node, now) && isNew && now is not null)
        {
            Counters.Include(node, version);
        }

        Nodes.Drop(node);
        return node;
    }

    /// <summary>Takes a pod that has a node as it is now. If it was assumed here, it is no longer only that.</summary>
    public PodState SetPod(Pod now)
    {
        if (_pods.TryGetValue(now.Key, out var known))
        {
            if (known.Uid == now.Metadata.Uid && known.Node!.Name == now.Spec.NodeName)
            {
                Update(known, now);
                return known;
            }

            RemovePod(known);
        }

        var pod = new PodState(now, Shapes.Take(now));
        Place(pod, Nodes.Of(now.Spec.NodeName));
        return pod;
    }

    /// <summary>A pod is gone, or ended.</summary>
    public void RemovePod(PodState pod)
    {
        Unplace(pod);
        Shapes.Release(pod.Shape);
    }

    /// <summary>Decides on a node for a pod, and counts it as if it were there already.</summary>
    public PodState Assume(Pod pod, PodShape shape, NodeState node)
    {
        shape.Users++;
        var state = new PodState(pod, shape) { IsAssumed = true };
        Place(state, node);
        return state;
    }

    /// <summary>Puts a pod on a node. It must not have one.</summary>
    public void Place(PodState pod, NodeState node)
    {
        _pods.Add(pod.Key, pod);
        pod.Node = node;
        node.Add(pod);
        Nodes.Touch(node);
        Counters.Place(pod, node, 1);
        Volumes.Place(pod, node, 1);
        _priorities[pod.Priority] = _priorities.GetValueOrDefault(pod.Priority) + 1;
    }

    /// <summary>Takes a pod from its node.</summary>
    public void Unplace(PodState pod)
    {
        var node = pod.Node ?? throw new InvalidOperationException($"pod {pod} has no node");
        _pods.Remove(pod.Key);
        Counters.Place(pod, node, -1);
        Volumes.Place(pod, node, -1);
        node.Remove(pod);
        Nodes.Touch(node);
        pod.Node = null;
        if (--_priorities[pod.Priority] == 0)
        {
            _priorities.Remove(pod.Priority);
        }

        Nodes.Drop(node);
    }

    /// <summary>Takes the labels of a namespace; null: it is gone.</summary>
    public void SetNamespace(string ns, IReadOnlyDictionary<string, string>? labels)
    {
        if (Namespaces.Set(ns, labels))
        {
            Counters.NamespacesChanged();
        }
    }

    private void Update(PodState known, Pod now)
    {
        var shape = Shapes.Take(now);
        known.IsAssumed = false;
        if (shape == known.Shape && known.IsTerminating == now.Metadata.IsBeingDeleted)
        {
            Shapes.Release(shape);
            known.Pod = now;
            return;
        }

        var node = known.Node!;
        var before = known.Shape;
        Unplace(known);
        known.Pod = now;
        known.Shape = shape;
        known.IsTerminating = now.Metadata.IsBeingDeleted;
        Place(known, Nodes.Of(node.Name));
        Shapes.Release(before);
    }
}

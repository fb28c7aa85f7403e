using Etcdish.Kubernetes.Objects;
using Etcdish.Scheduler.Queueing;

namespace Etcdish.Scheduler.Cluster;

/// <summary>Pods without a node for which room is being made on one. Others of no higher priority must not take it.</summary>
internal sealed class Nominations
{
    private readonly Dictionary<ObjectKey, (string Node, QueuedPod Pod)> _byPod = [];
    private readonly Dictionary<string, List<QueuedPod>> _byNode = [];

    public bool IsEmpty => _byPod.Count == 0;

    public string NodeOf(ObjectKey pod) => _byPod.TryGetValue(pod, out var found) ? found.Node : "";

    public IReadOnlyList<QueuedPod> On(string node) => _byNode.TryGetValue(node, out var found) ? found : [];

    /// <summary>Nominates a node for a pod; empty: none any more.</summary>
    public void Set(QueuedPod pod, string node)
    {
        Remove(pod.Key);
        if (node.Length == 0)
        {
            return;
        }

        _byPod[pod.Key] = (node, pod);
        if (!_byNode.TryGetValue(node, out var there))
        {
            _byNode[node] = there = [];
        }

        there.Add(pod);
    }

    public void Remove(ObjectKey pod)
    {
        if (_byPod.Remove(pod, out var found) && _byNode.TryGetValue(found.Node, out var there))
        {
            there.Remove(found.Pod);
            if (there.Count == 0)
            {
                _byNode.Remove(found.Node);
            }
        }
    }
}

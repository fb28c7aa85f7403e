using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Nodes;

/// <summary>The names of nodes that pods are bound to, whether or not there are such nodes. May be asked by any thread.</summary>
internal sealed class NodeNames
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _pods = [];

    /// <summary>The names.</summary>
    public string[] All
    {
        get
        {
            lock (_lock)
            {
                return [.. _pods.Keys];
            }
        }
    }

    /// <summary>Notes a change of a pod.</summary>
    public void Observe(Pod? before, Pod? now)
    {
        var (old, current) = (before?.Spec.NodeName ?? "", now?.Spec.NodeName ?? "");
        if (old == current)
        {
            return;
        }

        lock (_lock)
        {
            if (current.Length > 0)
            {
                _pods[current] = _pods.GetValueOrDefault(current) + 1;
            }

            if (old.Length > 0 && --_pods[old] == 0)
            {
                _pods.Remove(old);
            }
        }
    }
}

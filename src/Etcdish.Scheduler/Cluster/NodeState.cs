using Etcdish.Kubernetes.Objects;
using Etcdish.Scheduler.Pods;

namespace Etcdish.Scheduler.Cluster;

/// <summary>
/// A node with what its pods take of it. A node that pods name but nobody has seen yet has no object, and is not scheduled to.
/// </summary>
/// <param name="slot">Its place in tables by node.</param>
/// <param name="name">Its name.</param>
internal sealed class NodeState(int slot, string name)
{
    private long[] _allocatable = [];
    private long[] _requested = new long[4];

    public int Slot { get; } = slot;

    public string Name { get; } = name;

    /// <summary>The node as it was last seen; null if never.</summary>
    public Node? Node { get; private set; }

    /// <summary>Its labels, taints and the like, whatever it has.</summary>
    public Node Object => Node ?? throw new InvalidOperationException($"node {Name} has not been seen");

    /// <summary>A number that no other state of this or any node has had.</summary>
    public long Generation { get; set; }

    public List<PodState> Pods { get; } = [];

    public List<HostPort> Ports { get; } = [];

    public long AllowedPods { get; private set; }

    /// <summary>What its pods ask for of cpu, where one that does not say counts a little.</summary>
    public long NonZeroCpu { get; private set; }

    /// <summary>What its pods ask for of memory, where one that does not say counts a little.</summary>
    public long NonZeroMemory { get; private set; }

    public long Allocatable(int resource) => resource < _allocatable.Length ? _allocatable[resource] : 0;

    public long Requested(int resource) => resource < _requested.Length ? _requested[resource] : 0;

    public void Set(Node? node, ResourceNames names)
    {
        Node = node;
        AllowedPods = 0;
        Array.Clear(_allocatable);
        foreach (var (resource, amount) in node?.Status.Allocatable ?? [])
        {
            if (resource == "pods")
            {
                AllowedPods = amount.Value;
                continue;
            }

            var id = names.Of(resource);
            Grow(ref _allocatable, id);
            _allocatable[id] = PodRequests.Amount(resource, amount);
        }
    }

    public void Add(PodState pod)
    {
        Pods.Add(pod);
        Take(pod.Shape, 1);
        Ports.AddRange(pod.Shape.Ports);
    }

    public void Remove(PodState pod)
    {
        var at = Pods.LastIndexOf(pod);
        if (at < 0)
        {
            throw new InvalidOperationException($"pod {pod} is not on node {Name}");
        }

        Pods[at] = Pods[^1];
        Pods.RemoveAt(Pods.Count - 1);
        Take(pod.Shape, -1);
        foreach (var port in pod.Shape.Ports)
        {
            Ports.Remove(port);
        }
    }

    private void Take(PodShape shape, int sign)
    {
        foreach (var amount in shape.Requests)
        {
            Grow(ref _requested, amount.Resource);
            _requested[amount.Resource] += sign * amount.Value;
        }

        NonZeroCpu += sign * shape.NonZeroCpu;
        NonZeroMemory += sign * shape.NonZeroMemory;
    }

    private static void Grow(ref long[] amounts, int resource)
    {
        if (resource >= amounts.Length)
        {
            Array.Resize(ref amounts, Math.Max(4, resource + 1));
        }
    }
}

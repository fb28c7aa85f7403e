using Etcdish.Kubernetes;

namespace Etcdish.Kubelet.Containers;

/// <summary>What pods see of their node.</summary>
internal sealed record NodeFacts
{
    /// <summary>The node's addresses, the first first.</summary>
    public IReadOnlyList<string> Addresses { get; init; } = [];

    /// <summary>What the machine has, by resource.</summary>
    public IReadOnlyDictionary<string, Quantity> Capacity { get; init; } = new Dictionary<string, Quantity>();

    /// <summary>What of it is for pods, by resource.</summary>
    public IReadOnlyDictionary<string, Quantity> Allocatable { get; init; } = new Dictionary<string, Quantity>();
}

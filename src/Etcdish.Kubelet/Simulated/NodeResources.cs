using System.Globalization;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Kubelet.Simulated;

/// <summary>What each simulated node has, to be compared with what is known of it.</summary>
internal sealed class NodeResources
{
    private readonly Dictionary<string, Quantity> _quantities;

    /// <summary>Makes it.</summary>
    /// <param name="options">What the nodes have; valid.</param>
    public NodeResources(SimulatedNodesOptions options) => _quantities =
        Texts(options).ToDictionary(item => item.Resource, item => Quantity.TryParse(item.Quantity, out var value) ? value : default);

    /// <summary>The same, as it is written.</summary>
    public static IEnumerable<(string Resource, string Quantity)> Texts(SimulatedNodesOptions options) =>
    [
        ("cpu", options.Cpu),
        ("ephemeral-storage", "1Ti"),
        ("hugepages-1Gi", "0"),
        ("hugepages-2Mi", "0"),
        ("memory", options.Memory),
        ("pods", options.Pods.ToString(CultureInfo.InvariantCulture)),
    ];

    /// <summary>Whether a node says that it has just this.</summary>
    public bool AreOf(Node node) => AreEqual(node.Status.Capacity) && AreEqual(node.Status.Allocatable);

    private bool AreEqual(Dictionary<string, Quantity> said) =>
        said.Count == _quantities.Count
        && _quantities.All(item => said.TryGetValue(item.Key, out var quantity) && quantity.CompareTo(item.Value) == 0);
}

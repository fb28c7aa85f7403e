using System.Net;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Network.LoadBalancers;

/// <summary>The addresses of nodes at which load balancers may be reached.</summary>
internal sealed class NodeAddresses
{
    private const string ExcludeLabel = "node.kubernetes.io/exclude-from-external-load-balancers";

    private readonly Informer<Node> _nodes;
    private readonly string _nodeName;
    private volatile IPAddress[] _current = [];

    /// <summary>Follows them.</summary>
    /// <param name="nodes">The nodes.</param>
    /// <param name="nodeName">The only node that counts; empty: all.</param>
    /// <param name="changed">Is told when the addresses are others.</param>
    public NodeAddresses(Informer<Node> nodes, string nodeName, Action changed)
    {
        _nodes = nodes;
        _nodeName = nodeName;
        nodes.Subscribe((_, _) =>
        {
            // Nodes change all the time, their addresses hardly ever.
            var now = Read();
            if (!now.SequenceEqual(_current))
            {
                _current = now;
                changed();
            }
        });
    }

    /// <summary>The addresses, in the order of the nodes' names.</summary>
    public IReadOnlyList<IPAddress> Current => _current;

    private IPAddress[] Read()
    {
        var eligible = _nodes.All
            .Where(node => _nodeName.Length == 0 || node.Metadata.Name == _nodeName)
            .Where(node => !node.Metadata.Labels.ContainsKey(ExcludeLabel))
            .OrderBy(node => node.Metadata.Name, StringComparer.Ordinal)
            .ToList();
        var ready = eligible.Where(node => node.Status.Find("Ready")?.Status == "True").ToList();
        return
        [
            .. (ready.Count > 0 ? ready : eligible)
                .SelectMany(node => node.Status.Addresses)
                .Where(address => address.Type == "InternalIP")
                .Select(address => IPAddress.TryParse(address.Address, out var ip) ? ip : IPAddress.None)
                .Where(address => !address.Equals(IPAddress.None))
                .Distinct(),
        ];
    }
}

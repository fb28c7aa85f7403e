using System.Net;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Network.Nftables;

/// <summary>What the node and its cluster decide about all services: what the user said, and else what the API says.</summary>
internal sealed class NodeNetworkSource
{
    private const string LeavesTaint = "ToBeDeletedByClusterAutoscaler";

    private readonly ServiceProxyOptions _options;
    private readonly Informer<Node> _nodes;
    private readonly Informer<ServiceCidr>? _ranges;

    /// <summary>Asks for its informers.</summary>
    /// <param name="context">The cluster.</param>
    /// <param name="options">What the user said.</param>
    /// <param name="onChange">Is called when it may say something else.</param>
    public NodeNetworkSource(ControllerContext context, ServiceProxyOptions options, Action onChange)
    {
        _options = options;
        _nodes = context.Informers.OfOne(Resources.Nodes, options.NodeName);
        _nodes.Subscribe((before, now) =>
        {
            if ((now ?? before)!.Metadata.Name == options.NodeName)
            {
                onChange();
            }
        });
        if (options.ServiceCidrs.Count == 0)
        {
            _ranges = context.Informers.Of(Resources.ServiceCidrs);
            _ranges.Subscribe((_, _) => onChange());
        }
    }

    /// <summary>Whether the node stays: one that is about to go should get no new connections.</summary>
    public bool IsNodeEligible => Node is not { } node
        || (!node.Metadata.IsBeingDeleted && !Array.Exists(node.Spec.Taints, taint => taint.Key == LeavesTaint));

    private Node? Node => _nodes.Find("", _options.NodeName);

    /// <summary>What it says now.</summary>
    public NodeNetwork Read() => new(ReadAddresses(), ReadPodCidrs(), ReadServiceCidrs());

    private IReadOnlyList<IPAddress> ReadAddresses()
    {
        if (_options.NodeAddresses.Count > 0)
        {
            return _options.NodeAddresses;
        }

        List<IPAddress> addresses = [];
        foreach (var said in Node?.Status.Addresses ?? [])
        {
            if (said.Type is "InternalIP" or "ExternalIP"
                && IPAddress.TryParse(said.Address, out var address)
                && !addresses.Contains(address))
            {
                addresses.Add(address);
            }
        }

        return addresses;
    }

    private IReadOnlyList<string> ReadPodCidrs() =>
        _options.PodCidrs.Count > 0 ? _options.PodCidrs
        : Node is not { } node ? []
        : node.Spec.PodCidrs.Length > 0 ? node.Spec.PodCidrs
        : node.Spec.PodCidr.Length > 0 ? [node.Spec.PodCidr]
        : [];

    private IReadOnlyList<string> ReadServiceCidrs() => _ranges is null
        ? _options.ServiceCidrs
        : [.. _ranges.All.OrderBy(range => range.Metadata.Name, StringComparer.Ordinal).SelectMany(range => range.Spec.Cidrs)];
}

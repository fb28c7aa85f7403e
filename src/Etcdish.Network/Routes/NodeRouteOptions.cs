using System.Net;

namespace Etcdish.Network.Routes;

/// <summary>How a node reaches the pods of others.</summary>
public sealed record NodeRouteOptions
{
    /// <summary>This node.</summary>
    public required string NodeName { get; init; }

    /// <summary>Its address among the nodes.</summary>
    public required IPAddress NodeAddress { get; init; }

    /// <summary>The addresses of all pods, in CIDR notation: what goes from pods to others gets this node's address as its source.
    /// None: nothing does.</summary>
    public IReadOnlyList<string> ClusterCidrs { get; init; } = ["10.244.0.0/16"];

    /// <summary>
    /// The port of the tunnel to nodes that are not on this one's link: IANA's by default. (Flannel uses Linux' own, 8472.)
    /// </summary>
    public int VxlanPort { get; init; } = 4789;

    /// <summary>When the kernel is looked at again, in case somebody has changed it.</summary>
    public TimeSpan Resync { get; init; } = TimeSpan.FromMinutes(1);
}

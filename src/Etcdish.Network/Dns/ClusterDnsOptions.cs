using System.Net;

namespace Etcdish.Network.Dns;

/// <summary>How a cluster's name server is set up.</summary>
public sealed record ClusterDnsOptions
{
    /// <summary>The cluster's domain.</summary>
    public string Zone { get; init; } = "cluster.local";

    /// <summary>
    /// Where it listens, by UDP and TCP; port 0: whichever is free. Addresses of the node rather than all (<c>0.0.0.0</c>), since answers must
    /// come from the address that was asked.
    /// </summary>
    public IReadOnlyList<IPEndPoint> Listen { get; init; } = [new IPEndPoint(IPAddress.Loopback, 53)];

    /// <summary>Name servers for all names outside of the cluster; null: those of <see cref="ResolvConf"/>; empty: none.</summary>
    public IReadOnlyList<IPEndPoint>? Upstreams { get; init; }

    /// <summary>The file with the machine's name servers.</summary>
    public string ResolvConf { get; init; } = "/etc/resolv.conf";

    /// <summary>
    /// The address of the service by which pods ask (<see cref="DnsService"/>), by custom the tenth of the services' network. Null: there is
    /// none.
    /// </summary>
    public IPAddress? ServiceAddress { get; init; }

    /// <summary>The address of this node to which the service leads. Null: that of the first in <see cref="Listen"/>.</summary>
    public IPAddress? NodeAddress { get; init; }

    /// <summary>The name of this node, whose Node then says where it listens; empty: nobody is told.</summary>
    public string NodeName { get; init; } = "";

    /// <summary>Whether <c>a-b-c-d.namespace.pod.zone</c> stands for the address that it says.</summary>
    public bool PodNames { get; init; } = true;
}

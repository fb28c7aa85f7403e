using System.Net;
using System.Net.Sockets;
using Etcdish.Network.Services;

namespace Etcdish.Network.Userspace;

/// <summary>By which door a connection comes.</summary>
internal enum FrontendKind
{
    /// <summary>The service's own address.</summary>
    Cluster,

    /// <summary>Its load balancer's, which may be for some only.</summary>
    LoadBalancer,

    /// <summary>One that its author says leads to the node.</summary>
    External,

    /// <summary>The node's, by a port of its own.</summary>
    Node,
}

/// <summary>Where a port of a service is listened at.</summary>
/// <param name="Address">The address.</param>
/// <param name="Port">The port.</param>
/// <param name="Kind">What this address is to the service.</param>
internal readonly record struct Frontend(IPAddress Address, int Port, FrontendKind Kind)
{
    /// <summary>Whether the address may well be another machine's.</summary>
    public bool MayBeElsewhere => Kind is FrontendKind.LoadBalancer or FrontendKind.External;

    /// <inheritdoc/>
    public override string ToString() => new IPEndPoint(Address, Port).ToString();

    /// <summary>
    /// Where a route wants to be listened at: only where it leads somewhere, since a port that nobody listens at refuses by itself.
    /// </summary>
    public static List<Frontend> Of(ServiceRoute route, IReadOnlyList<IPAddress> nodePortAddresses)
    {
        var all = new List<Frontend>();
        if (route.ClusterIps.Count == 0)
        {
            return all;
        }

        Add(all, route, route.ClusterIps, route.Port, FrontendKind.Cluster);
        Add(all, route, route.LoadBalancerIps, route.Port, FrontendKind.LoadBalancer);
        Add(all, route, route.ExternalIps, route.Port, FrontendKind.External);
        if (route.NodePort != 0)
        {
            Add(all, route, nodePortAddresses, route.NodePort, FrontendKind.Node);
        }

        return all;
    }

    /// <summary>Where connections by this door go: endpoints of its family.</summary>
    public ServiceEndpoint[] EndpointsOf(ServiceRoute route)
    {
        var family = Address.AddressFamily;
        var endpoints = Kind == FrontendKind.Cluster ? route.InternalEndpoints : route.ExternalEndpoints;
        return [.. endpoints.Where(endpoint => endpoint.Address.AddressFamily == family)];
    }

    private static void Add(List<Frontend> all, ServiceRoute route, IReadOnlyList<IPAddress> addresses, int port, FrontendKind kind)
    {
        foreach (var address in addresses)
        {
            var frontend = new Frontend(address, port, kind);
            var isKnown = all.Exists(known => known.Port == port && known.Address.Equals(address));
            if (!isKnown && HasFamily(route, address.AddressFamily) && frontend.EndpointsOf(route).Length > 0)
            {
                all.Add(frontend);
            }
        }
    }

    private static bool HasFamily(ServiceRoute route, AddressFamily family)
    {
        foreach (var address in route.ClusterIps)
        {
            if (address.AddressFamily == family)
            {
                return true;
            }
        }

        return false;
    }
}

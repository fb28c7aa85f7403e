using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Network.Routes;

/// <summary>The way to the pods of one node, of one family of addresses.</summary>
/// <param name="Network">The pods' addresses.</param>
/// <param name="Node">The node's address.</param>
/// <param name="Device">The device on whose link the node is; null: through the tunnel.</param>
internal sealed record PodRoute(IPNetwork Network, IPAddress Node, string? Device);

/// <summary>A device of this node with one of its addresses.</summary>
/// <param name="Device">Its name.</param>
/// <param name="Address">The address.</param>
/// <param name="PrefixLength">How many bits name the link.</param>
/// <param name="Mtu">The largest packet that it carries, in bytes.</param>
internal sealed record LinkAddress(string Device, IPAddress Address, int PrefixLength, int Mtu = 1500)
{
    /// <summary>Whether an address is on the device's link.</summary>
    public bool Reaches(IPAddress other)
    {
        if (other.AddressFamily != Address.AddressFamily)
        {
            return false;
        }

        var (mine, its) = (Address.GetAddressBytes(), other.GetAddressBytes());
        var whole = PrefixLength / 8;
        var mask = 0xff00 >> (PrefixLength % 8) & 0xff;
        return mine.AsSpan(0, whole).SequenceEqual(its.AsSpan(0, whole))
            && (mask == 0 || (mine[whole] & mask) == (its[whole] & mask));
    }
}

/// <summary>What routes a node needs.</summary>
internal static class RoutePlan
{
    // What VXLAN adds: headers of IP (20 or 40), UDP (8), VXLAN itself (8) and Ethernet (14).
    private const int TunnelBytes = 50;
    private const int TunnelBytesV6 = 70;

    /// <summary>The routes to the pods of all other nodes, in the order of networks.</summary>
    /// <param name="nodes">All nodes.</param>
    /// <param name="options">Which of them this is.</param>
    /// <param name="links">The addresses of this node's devices.</param>
    public static List<PodRoute> For(IEnumerable<Node> nodes, NodeRouteOptions options, IReadOnlyList<LinkAddress> links)
    {
        var own = links.FirstOrDefault(link => link.Address.Equals(options.NodeAddress));
        LinkAddress[] near = [.. links.Where(link => own is not null && link.Device == own.Device)];
        List<PodRoute> routes = [];
        foreach (var node in nodes.Where(node => node.Metadata.Name != options.NodeName && !node.Metadata.IsBeingDeleted))
        {
            var addresses = AddressesOf(node);
            routes.AddRange(NetworksOf(node).Select(network => Route(network, addresses, near, options.NodeAddress)).OfType<PodRoute>());
        }

        routes.Sort((a, b) => string.CompareOrdinal(a.Network.ToString(), b.Network.ToString()));
        return routes;
    }

    /// <summary>How large pods' packets may be, in bytes; 0: as they are on the bridge.</summary>
    /// <param name="routes">The routes to other nodes' pods.</param>
    /// <param name="own">The device with this node's address.</param>
    public static int PodMtu(IEnumerable<PodRoute> routes, LinkAddress own) => routes.All(route => route.Device is not null) ? 0
        : own.Mtu - (own.Address.AddressFamily == AddressFamily.InterNetwork ? TunnelBytes : TunnelBytesV6);

    /// <summary>The ranges of a node's pods.</summary>
    public static IEnumerable<IPNetwork> NetworksOf(Node node)
    {
        var texts = node.Spec.PodCidrs.Length > 0 ? node.Spec.PodCidrs : [node.Spec.PodCidr];
        foreach (var text in texts)
        {
            if (IPNetwork.TryParse(text, out var network))
            {
                yield return network;
            }
        }
    }

    /// <summary>
    /// The hardware address of a node's end of the tunnel. It follows from the node's address, so that nodes need not tell each other.
    /// </summary>
    public static string HardwareAddressOf(IPAddress node)
    {
        var bytes = node.GetAddressBytes();
        var tail = node.AddressFamily == AddressFamily.InterNetwork ? bytes : SHA256.HashData(bytes)[..4];
        return string.Create(CultureInfo.InvariantCulture, $"02:ed:{tail[0]:x2}:{tail[1]:x2}:{tail[2]:x2}:{tail[3]:x2}");
    }

    private static PodRoute? Route(IPNetwork network, IPAddress[] addresses, LinkAddress[] near, IPAddress own)
    {
        foreach (var address in addresses.Where(address => address.AddressFamily == network.BaseAddress.AddressFamily))
        {
            if (Array.Find(near, link => link.Reaches(address)) is { } link)
            {
                return new PodRoute(network, address, link.Device);
            }
        }

        return Array.Find(addresses, address => address.AddressFamily == own.AddressFamily) is { } far
            ? new PodRoute(network, far, null)
            : null;
    }

    private static IPAddress[] AddressesOf(Node node) => [.. node.Status.Addresses
        .Where(address => address.Type == "InternalIP")
        .Select(address => IPAddress.TryParse(address.Address, out var parsed) ? parsed : null)
        .OfType<IPAddress>()];
}

using System.Net;
using System.Net.Sockets;

namespace Etcdish.Network.Nftables;

/// <summary>A family of addresses in nft's words.</summary>
/// <param name="Family">The family.</param>
/// <param name="Word">Its name: of tables, and before <c>saddr</c> and <c>daddr</c>.</param>
/// <param name="AddressType">The type of its addresses in sets.</param>
/// <param name="Number">Its number in netlink.</param>
internal sealed record NftFamily(AddressFamily Family, string Word, string AddressType, byte Number)
{
    /// <summary>IPv4.</summary>
    public static NftFamily V4 { get; } = new(AddressFamily.InterNetwork, "ip", "ipv4_addr", 2);

    /// <summary>IPv6.</summary>
    public static NftFamily V6 { get; } = new(AddressFamily.InterNetworkV6, "ip6", "ipv6_addr", 10);

    /// <summary>Whether an address is of it.</summary>
    public bool Has(IPAddress address) => address.AddressFamily == Family;

    /// <summary>An address with a port, as the target of a translation.</summary>
    public string Target(IPAddress address, int port) => this == V4 ? $"{address}:{port}" : $"[{address}]:{port}";
}

using System.Net;
using System.Net.Sockets;

namespace Etcdish.ApiServer.Streaming;

/// <summary>Where a proxied request goes.</summary>
/// <param name="Origin">Scheme, host and port.</param>
/// <param name="Kubelet">The kubelet that it goes to, or null if it goes to a pod.</param>
internal sealed record ProxyTarget(string Origin, KubeletAddress? Kubelet)
{
    /// <summary>An address, and its port unless that is the scheme's own.</summary>
    public static ProxyTarget At(string scheme, string address, string port)
    {
        var host = address.Contains(':', StringComparison.Ordinal) ? $"[{address}]" : address;
        return new ProxyTarget($"{(scheme.Length > 0 ? scheme : "http")}://{host}{(port.Length > 0 ? $":{port}" : "")}", null);
    }

    /// <summary>
    /// Whether a pod may have this address. The API server's own machine, multicast and addresses of one link are not for others to reach
    /// through it.
    /// </summary>
    public static bool IsAllowed(string address) =>
        IPAddress.TryParse(address, out var ip)
        && !IPAddress.IsLoopback(ip)
        && !ip.Equals(IPAddress.Any) && !ip.Equals(IPAddress.IPv6Any) && !ip.Equals(IPAddress.Broadcast)
        && !IsOfLink(ip) && !IsMulticast(ip);

    private static bool IsOfLink(IPAddress ip) =>
        ip.AddressFamily == AddressFamily.InterNetworkV6 ? ip.IsIPv6LinkLocal : ip.GetAddressBytes() is [169, 254, ..];

    private static bool IsMulticast(IPAddress ip) =>
        ip.AddressFamily == AddressFamily.InterNetworkV6 ? ip.IsIPv6Multicast : ip.GetAddressBytes()[0] is >= 224 and < 240;
}

using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Etcdish.Network.Dns.Messages;

namespace Etcdish.Network.Dns.Zones;

/// <summary>The names that stand for addresses (RFC 1035 §3.5, RFC 3596 §2.5).</summary>
internal static class ReverseName
{
    /// <summary>The name of an address.</summary>
    public static byte[] Of(IPAddress address)
    {
        var bytes = address.GetAddressBytes();
        Array.Reverse(bytes);
        var labels = address.AddressFamily == AddressFamily.InterNetwork
            ? bytes.Select(b => b.ToString(CultureInfo.InvariantCulture)).Append("in-addr")
            : bytes.SelectMany(b => new[] { $"{b & 15:x}", $"{b >> 4:x}" }).Append("ip6");
        return WireName.Parse(string.Join('.', labels.Append("arpa")));
    }
}

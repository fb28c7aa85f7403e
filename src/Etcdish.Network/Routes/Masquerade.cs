using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Etcdish.Network.Routes;

/// <summary>
/// Gives what pods send out of the cluster their node's address as its source: nobody outside knows a way to a pod. What stays within the
/// cluster keeps its source.
/// </summary>
internal static class Masquerade
{
    private const string Table = "inet etcdish-masquerade";

    /// <summary>The transaction.</summary>
    /// <param name="own">The ranges of this node's pods.</param>
    /// <param name="cluster">The ranges of all pods; of a family without any, nothing is changed.</param>
    public static string Commands(IEnumerable<IPNetwork> own, IReadOnlyList<IPNetwork> cluster)
    {
        var text = new StringBuilder($"add table {Table}\ndelete table {Table}\nadd table {Table}\n");
        text.Append($"add chain {Table} postrouting {{ type nat hook postrouting priority srcnat; policy accept; }}\n");
        foreach (var network in own)
        {
            var isV4 = network.BaseAddress.AddressFamily == AddressFamily.InterNetwork;
            var (word, multicast) = isV4 ? ("ip", "224.0.0.0/4") : ("ip6", "ff00::/8");
            var inside = string.Join(", ", cluster
                .Where(range => range.BaseAddress.AddressFamily == network.BaseAddress.AddressFamily)
                .Select(range => range.ToString()).Append(multicast));
            if (inside != multicast)
            {
                text.Append($"add rule {Table} postrouting {word} saddr {network} {word} daddr != {{ {inside} }} masquerade fully-random\n");
            }
        }

        return text.ToString();
    }

    /// <summary>The transaction that ends it.</summary>
    public static string Removal() => $"add table {Table}\ndelete table {Table}\n";
}

using System.Net;

namespace Etcdish.Network.Nftables;

/// <summary>What the node and its cluster decide about all services.</summary>
/// <param name="NodeAddresses">Where ports of the node lead to services.</param>
/// <param name="PodCidrs">The pods' networks; whoever is in none of them comes from outside. None: that is not known.</param>
/// <param name="ServiceCidrs">The ranges of services' addresses.</param>
internal sealed record NodeNetwork(
    IReadOnlyList<IPAddress> NodeAddresses, IReadOnlyList<string> PodCidrs, IReadOnlyList<string> ServiceCidrs)
{
    /// <summary>Whether another says the same.</summary>
    public bool Says(NodeNetwork other) =>
        NodeAddresses.SequenceEqual(other.NodeAddresses)
        && PodCidrs.SequenceEqual(other.PodCidrs)
        && ServiceCidrs.SequenceEqual(other.ServiceCidrs);
}

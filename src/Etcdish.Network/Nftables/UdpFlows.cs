using System.Net;
using Etcdish.Network.Services;

namespace Etcdish.Network.Nftables;

/// <summary>
/// Ends flows of UDP that lead where their service no longer does. A connection of TCP notices that its endpoint is gone; a client that
/// sends datagrams from one port would send them to a pod that is no more, or to nobody, for as long as it goes on.
/// </summary>
/// <param name="conntrack">The kernel's flows.</param>
/// <param name="families">The families that the kernel has.</param>
internal sealed class UdpFlows(IConntrack conntrack, IReadOnlyList<NftFamily> families)
{
    /// <summary>Ends those of services that changed. How many it were.</summary>
    /// <exception cref="IOException">The kernel refused; some may be left.</exception>
    public int Clean(IEnumerable<RouteChange> changes, IReadOnlyList<IPAddress> nodeAddresses)
    {
        var fronts = FrontsOf(changes, nodeAddresses);
        if (fronts.Count == 0)
        {
            return 0;
        }

        var count = 0;
        foreach (var family in families)
        {
            foreach (var entry in conntrack.List(family))
            {
                if (IsStale(entry, fronts))
                {
                    conntrack.Delete(family, entry);
                    count++;
                }
            }
        }

        return count;
    }

    /// <summary>Where services that changed are asked, and who may answer there.</summary>
    internal static Dictionary<IPEndPoint, HashSet<IPEndPoint>> FrontsOf(
        IEnumerable<RouteChange> changes, IReadOnlyList<IPAddress> nodeAddresses)
    {
        var fronts = new Dictionary<IPEndPoint, HashSet<IPEndPoint>>();
        foreach (var change in changes)
        {
            if (change.Key.Protocol != "UDP")
            {
                continue;
            }

            AddFronts(change.Before);
            foreach (var front in AddFronts(change.Now))
            {
                var endpoints = change.Now!.InternalEndpoints.Concat(change.Now.ExternalEndpoints);
                front.UnionWith(endpoints.Select(endpoint => new IPEndPoint(endpoint.Address, endpoint.Port)));
            }
        }

        return fronts;

        List<HashSet<IPEndPoint>> AddFronts(ServiceRoute? route)
        {
            List<HashSet<IPEndPoint>> added = [];
            foreach (var front in route is null ? [] : FrontsOf(route, nodeAddresses))
            {
                added.Add(fronts.TryGetValue(front, out var known) ? known : fronts[front] = []);
            }

            return added;
        }
    }

    /// <summary>Whether a flow leads where its service does not. Where none answers, one that was not translated is none of ours.</summary>
    internal static bool IsStale(ConntrackEntry entry, Dictionary<IPEndPoint, HashSet<IPEndPoint>> fronts) =>
        entry.Protocol == ConntrackEntry.Udp
        && fronts.TryGetValue(entry.Destination, out var answering)
        && !answering.Contains(entry.Answers)
        && (answering.Count > 0 || !entry.Answers.Equals(entry.Destination));

    private static IEnumerable<IPEndPoint> FrontsOf(ServiceRoute route, IReadOnlyList<IPAddress> nodeAddresses)
    {
        var addresses = route.ClusterIps.Concat(route.ExternalIps).Concat(route.LoadBalancerIps);
        var own = addresses.Select(address => new IPEndPoint(address, route.Port));
        return route.NodePort == 0 ? own : own.Concat(nodeAddresses.Select(address => new IPEndPoint(address, route.NodePort)));
    }
}

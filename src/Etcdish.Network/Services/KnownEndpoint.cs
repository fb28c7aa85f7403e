using System.Net;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Network.Services;

/// <summary>An endpoint of one port, with all by which it is chosen or not.</summary>
/// <param name="Place">Where it is.</param>
/// <param name="IsReady">Whether it is to get connections.</param>
/// <param name="ServesWhileEnding">Whether it ends, but would still serve: better than nothing.</param>
/// <param name="Hints">Who should come here; null: whoever.</param>
internal readonly record struct KnownEndpoint(ServiceEndpoint Place, bool IsReady, bool ServesWhileEnding, EndpointHints? Hints)
{
    /// <summary>The endpoints of a port in one family, in the order of their addresses.</summary>
    public static List<KnownEndpoint> Of(ServicePort port, string family, IEnumerable<EndpointSlice> slices, string node)
    {
        var found = new Dictionary<(IPAddress, int), KnownEndpoint>();
        foreach (var slice in slices)
        {
            if (slice.AddressType != family || NumberOf(port, slice) is not { } number)
            {
                continue;
            }

            foreach (var endpoint in slice.Endpoints)
            {
                if (Read(endpoint, number, node) is { } known)
                {
                    var key = (known.Place.Address, number);

                    // One that moves between slices is in both for a while, and the older of them may be behind.
                    if (!found.TryGetValue(key, out var other) || !other.IsReady)
                    {
                        found[key] = known;
                    }
                }
            }
        }

        List<KnownEndpoint> sorted = [.. found.Values];
        sorted.Sort(static (a, b) => Compare(a.Place, b.Place));
        return sorted;
    }

    private static int? NumberOf(ServicePort port, EndpointSlice slice)
    {
        foreach (var candidate in slice.Ports)
        {
            if (candidate.Name == port.Name && candidate.Protocol == port.Protocol && candidate.Port is > 0)
            {
                return candidate.Port;
            }
        }

        return null;
    }

    // The addresses of an endpoint are the same place, so the first will do. What nobody said is ready, serves and does not end.
    private static KnownEndpoint? Read(Endpoint endpoint, int port, string node)
    {
        if (endpoint.Addresses is not [var text, ..] || !IPAddress.TryParse(text, out var address))
        {
            return null;
        }

        var isReady = endpoint.Conditions.Ready ?? true;
        var servesWhileEnding = (endpoint.Conditions.Terminating ?? false) && (endpoint.Conditions.Serving ?? isReady);
        var place = new ServiceEndpoint(address, port, endpoint.NodeName.Length > 0 && endpoint.NodeName == node);
        return new KnownEndpoint(place, isReady, servesWhileEnding, endpoint.Hints);
    }

    private static int Compare(ServiceEndpoint a, ServiceEndpoint b)
    {
        Span<byte> left = stackalloc byte[16], right = stackalloc byte[16];
        a.Address.TryWriteBytes(left, out var leftCount);
        b.Address.TryWriteBytes(right, out var rightCount);
        var order = left[..leftCount].SequenceCompareTo(right[..rightCount]);
        return order != 0 ? order : a.Port.CompareTo(b.Port);
    }
}

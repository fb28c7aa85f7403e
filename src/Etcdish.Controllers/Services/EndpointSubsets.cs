using System.Net;
using System.Text.Json.Nodes;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Services;

/// <summary>
/// What an Endpoints object says of a service: addresses of its primary family, together with those that have the same ports.
/// </summary>
internal static class EndpointSubsets
{
    /// <summary>How many addresses an object may have.</summary>
    public const int MaxAddresses = 1000;

    /// <summary>The subsets of a service.</summary>
    public static EndpointSubset[] Make(Service service, IReadOnlyList<Pod> pods)
    {
        var ports = new PodPorts(service);
        var family = PodEndpoints.AddressTypesOf(service)[0];
        var groups = new SortedDictionary<string, (EndpointPort[] Ports, List<EndpointAddress> Ready, List<EndpointAddress> NotReady)>(
            StringComparer.Ordinal);
        foreach (var pod in pods)
        {
            if (!PodEndpoints.IsListed(pod, includeTerminating: service.Spec.PublishNotReadyAddresses)
                || ServicePods.AddressesOf(pod).FirstOrDefault(ip => PodEndpoints.TypeOf(ip) == family) is not { } ip)
            {
                continue;
            }

            var own = ports.Of(pod);
            if (own.Length == 0 && !(service.Spec.Ports.Length == 0 && service.Spec.ClusterIp == "None"))
            {
                continue;
            }

            var key = PodPorts.KeyOf(own);
            if (!groups.TryGetValue(key, out var group))
            {
                groups[key] = group = (own, [], []);
            }

            (service.Spec.PublishNotReadyAddresses || pod.IsReady ? group.Ready : group.NotReady).Add(Address(service, pod, ip));
        }

        return [.. groups.Values.Select(group => new EndpointSubset
        {
            Addresses = Sorted(group.Ready),
            NotReadyAddresses = Sorted(group.NotReady),
            Ports = [.. group.Ports.OrderBy(port => port.Name, StringComparer.Ordinal).ThenBy(port => port.Port)],
        })];
    }

    /// <summary>
    /// Leaves out what is too much, in proportion to the size of the subsets: first addresses that are not ready, then also ready ones.
    /// Whether anything had to be left out.
    /// </summary>
    public static bool Truncate(EndpointSubset[] subsets)
    {
        var ready = subsets.Sum(subset => subset.Addresses.Length);
        var notReady = subsets.Sum(subset => subset.NotReadyAddresses.Length);
        if (ready + notReady <= MaxAddresses)
        {
            return false;
        }

        var cutsReady = ready > MaxAddresses;
        var room = cutsReady ? MaxAddresses : MaxAddresses - ready;
        var left = room;
        foreach (var subset in subsets)
        {
            var count = cutsReady ? subset.Addresses.Length : subset.NotReadyAddresses.Length;
            var share = Math.Min(left, (int)Math.Ceiling((double)count / (cutsReady ? ready : notReady) * room));
            left -= share;
            subset.Addresses = cutsReady ? subset.Addresses[..share] : subset.Addresses;
            subset.NotReadyAddresses = cutsReady ? [] : subset.NotReadyAddresses[..share];
        }

        return true;
    }

    /// <summary>Whether two lists of subsets say the same, in the same order.</summary>
    public static bool AreSame(EndpointSubset[] a, EndpointSubset[] b) => a.Length == b.Length && a.Zip(b).All(pair =>
        PodPorts.KeyOf(pair.First.Ports) == PodPorts.KeyOf(pair.Second.Ports)
        && AreSame(pair.First.Addresses, pair.Second.Addresses)
        && AreSame(pair.First.NotReadyAddresses, pair.Second.NotReadyAddresses));

    public static JsonArray Write(EndpointSubset[] subsets) => [.. subsets.Select(subset =>
    {
        var json = new JsonObject();
        AddAddresses(json, "addresses", subset.Addresses);
        AddAddresses(json, "notReadyAddresses", subset.NotReadyAddresses);
        if (subset.Ports.Length > 0)
        {
            json["ports"] = EndpointForm.Write(subset.Ports, withEmptyNames: false);
        }

        return json;
    })];

    private static void AddAddresses(JsonObject subset, string field, EndpointAddress[] addresses)
    {
        if (addresses.Length > 0)
        {
            subset[field] = new JsonArray([.. addresses.Select(Write)]);
        }
    }

    private static JsonObject Write(EndpointAddress address)
    {
        var json = new JsonObject { ["ip"] = address.Ip };
        EndpointForm.AddText(json, "hostname", address.Hostname);
        EndpointForm.AddText(json, "nodeName", address.NodeName);
        if (address.TargetRef is { } target)
        {
            json["targetRef"] = EndpointForm.Write(target);
        }

        return json;
    }

    private static EndpointAddress Address(Service service, Pod pod, string ip) => new()
    {
        Ip = ip,
        Hostname = PodEndpoints.HostnameIn(service, pod),
        NodeName = pod.Spec.NodeName,
        TargetRef = PodEndpoints.ReferenceTo(pod),
    };

    private static EndpointAddress[] Sorted(List<EndpointAddress> addresses) =>
        [.. addresses.OrderBy(address => IPAddress.Parse(address.Ip).GetAddressBytes(), ByteOrder.Instance)
            .ThenBy(address => address.TargetRef?.Uid, StringComparer.Ordinal)];

    private static bool AreSame(EndpointAddress[] a, EndpointAddress[] b) => a.Length == b.Length && a.Zip(b).All(pair =>
        pair.First.Ip == pair.Second.Ip
        && pair.First.Hostname == pair.Second.Hostname
        && pair.First.NodeName == pair.Second.NodeName
        && EndpointForm.AreSame(pair.First.TargetRef, pair.Second.TargetRef));

    private sealed class ByteOrder : IComparer<byte[]>
    {
        public static readonly ByteOrder Instance = new();

        public int Compare(byte[]? x, byte[]? y) => x.AsSpan().SequenceCompareTo(y);
    }
}

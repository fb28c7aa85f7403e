using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;
using Etcdish.Network.Services;

namespace Etcdish.Network.LoadBalancers;

/// <summary>
/// Which node answers for an address: of those that are ready and have the network's parts, the one with the highest number for it, so that
/// addresses are spread and one that leaves hands over only its own. With <c>externalTrafficPolicy: Local</c> only nodes with a ready endpoint
/// are asked. Nobody coordinates: who knows the same objects chooses the same node.
/// </summary>
internal sealed class AnnouncingNodes
{
    private const string ExcludeLabel = "node.kubernetes.io/exclude-from-external-load-balancers";

    private readonly Informer<Node> _nodes;
    private readonly Index<EndpointSlice> _slices;

    /// <summary>Asks for its informers.</summary>
    /// <param name="context">The cluster.</param>
    /// <param name="changed">Is told of a service for which another node may be chosen now; null: for all.</param>
    public AnnouncingNodes(ControllerContext context, Action<ObjectKey?> changed)
    {
        _nodes = context.Informers.Of(Resources.Nodes);
        _nodes.Subscribe((before, now) =>
        {
            if (IsEligible(before) != IsEligible(now))
            {
                changed(null);
            }
        });
        var slices = context.Informers.Of(Resources.EndpointSlices);
        _slices = slices.AddIndex(static slice => [ServiceOf(slice).ToString()]);
        slices.Subscribe((before, now) => changed(ServiceOf((now ?? before)!)));
    }

    /// <summary>The name of the node that answers for a service's address; empty: none.</summary>
    public string Choose(string address, Service service)
    {
        var chosen = "";
        ulong highest = 0;
        var near = service.Spec.ExternalTrafficPolicy == "Local" ? NodesOf(service) : null;
        foreach (var node in _nodes.All.Where(IsEligible))
        {
            var name = node.Metadata.Name;
            var number = BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes($"{name} {address}")));
            if (near?.Contains(name) != false
                && (chosen.Length == 0 || number > highest || (number == highest && string.CompareOrdinal(name, chosen) < 0)))
            {
                (chosen, highest) = (name, number);
            }
        }

        return chosen;
    }

    private static bool IsEligible(Node? node) => node is not null
        && !node.Metadata.IsBeingDeleted
        && node.Metadata.Annotations.ContainsKey(NodeAnnotations.ClusterDns)
        && !node.Metadata.Labels.ContainsKey(ExcludeLabel)
        && node.Status.Find("Ready")?.Status == "True";

    private static ObjectKey ServiceOf(EndpointSlice slice) =>
        new(slice.Metadata.Namespace, slice.Metadata.Labels.GetValueOrDefault(ServiceTable.ServiceNameLabel, ""));

    private HashSet<string> NodesOf(Service service) =>
    [
        .. _slices[service.Key.ToString()].SelectMany(slice => slice.Endpoints)
            .Where(endpoint => endpoint.Conditions.Ready ?? true)
            .Select(endpoint => endpoint.NodeName),
    ];
}

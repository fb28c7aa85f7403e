using System.Net;
using System.Net.Sockets;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Services;

/// <summary>What of a pod a service tells its users.</summary>
internal static class PodEndpoints
{
    /// <summary>Whether a pod is told of: it has an address and has not ended.</summary>
    public static bool IsListed(Pod pod, bool includeTerminating) =>
        !pod.IsFinished && (includeTerminating || !pod.Metadata.IsBeingDeleted) && ServicePods.AddressesOf(pod).Any();

    /// <summary>The pod's entry in a slice; null if it has no address of that type.</summary>
    public static Endpoint? Make(Service service, Pod pod, Node? node, string addressType)
    {
        var addresses = ServicePods.AddressesOf(pod).Where(ip => TypeOf(ip) == addressType).ToArray();
        if (addresses.Length == 0)
        {
            return null;
        }

        var isReady = pod.IsReady;
        var endpoint = new Endpoint
        {
            Addresses = addresses,
            Conditions = new EndpointConditions
            {
                Ready = service.Spec.PublishNotReadyAddresses || (isReady && !pod.Metadata.IsBeingDeleted),
                Serving = isReady,
                Terminating = pod.Metadata.IsBeingDeleted,
            },
            Hostname = HostnameIn(service, pod),
            TargetRef = ReferenceTo(pod),
            NodeName = pod.Spec.NodeName,
            Zone = node?.Metadata.Labels.GetValueOrDefault("topology.kubernetes.io/zone") ?? "",
        };
        endpoint.Hints = HintsFor(endpoint, service);
        return endpoint;
    }

    /// <summary>The name that a pod has within a service, if it says that it belongs to it.</summary>
    public static string HostnameIn(Service service, Pod pod) =>
        pod.Spec.Subdomain == service.Metadata.Name && pod.Metadata.Namespace == service.Metadata.Namespace ? pod.Spec.Hostname : "";

    public static ObjectReference ReferenceTo(Pod pod) => new()
    {
        Kind = "Pod",
        Namespace = pod.Metadata.Namespace,
        Name = pod.Metadata.Name,
        Uid = pod.Metadata.Uid,
    };

    /// <summary>The types of addresses by which a service can be reached.</summary>
    public static string[] AddressTypesOf(Service service) => service.Spec.IpFamilies.Length > 0 ? service.Spec.IpFamilies
        : service.Spec.HasClusterIp ? [TypeOf(service.Spec.ClusterIp)]
        : ["IPv4", "IPv6"];

    /// <summary>IPv4 or IPv6; empty if it is no address.</summary>
    public static string TypeOf(string address) => !IPAddress.TryParse(address, out var ip) ? ""
        : ip.AddressFamily == AddressFamily.InterNetworkV6 ? "IPv6"
        : "IPv4";

    /// <summary>
    /// Whom the service's author wants to come here: its neighbours. An endpoint that gets no traffic gets no hints, and the older topology
    /// annotation, if it is there, is meant instead.
    /// </summary>
    private static EndpointHints? HintsFor(Endpoint endpoint, Service service)
    {
        var distribution = service.Spec.TrafficDistribution;
        if (endpoint.Conditions.Ready != true || distribution is not ("PreferClose" or "PreferSameZone" or "PreferSameNode")
            || HasTopologyMode(service))
        {
            return null;
        }

        var prefersNode = distribution == "PreferSameNode" && endpoint.NodeName.Length > 0;
        var hints = new EndpointHints
        {
            ForZones = endpoint.Zone.Length > 0 ? [new EndpointHint { Name = endpoint.Zone }] : [],
            ForNodes = prefersNode ? [new EndpointHint { Name = endpoint.NodeName }] : [],
        };
        return hints.ForZones.Length + hints.ForNodes.Length > 0 ? hints : null;
    }

    private static bool HasTopologyMode(Service service) =>
        (service.Metadata.Annotations.TryGetValue("service.kubernetes.io/topology-aware-hints", out var mode)
            || service.Metadata.Annotations.TryGetValue("service.kubernetes.io/topology-mode", out mode))
        && mode is "Auto" or "auto";
}

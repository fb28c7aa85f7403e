using System.Net;
using System.Net.Sockets;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Network.Services;

/// <summary>What a node does for a service, from the service, its slices and where the node is; pure.</summary>
internal static class RouteMaker
{
    /// <summary>The label of services that have no proxy: their names lead to pods.</summary>
    public const string HeadlessLabel = "service.kubernetes.io/headless";

    /// <summary>The label of services that another proxy serves.</summary>
    public const string OtherProxyLabel = "service.kubernetes.io/service-proxy-name";

    /// <summary>How long clients stay with an endpoint unless the service says so (3 hours).</summary>
    public static readonly TimeSpan DefaultAffinity = TimeSpan.FromSeconds(10_800);

    /// <summary>Whether a service gets routes here.</summary>
    public static bool IsServed(Service service) =>
        service.Spec.HasClusterIp
        && service.Spec.Type != "ExternalName"
        && !service.Metadata.Labels.ContainsKey(HeadlessLabel)
        && !service.Metadata.Labels.ContainsKey(OtherProxyLabel);

    /// <summary>The routes of a service, one a port in the order of its ports; none: nobody here serves it.</summary>
    public static ServiceRoute[] Make(Service service, IReadOnlyList<EndpointSlice> slices, NodePlace place) =>
        IsServed(service) ? [.. service.Spec.Ports.Select(port => Make(service, port, slices, place))] : [];

    private static ServiceRoute Make(Service service, ServicePort port, IReadOnlyList<EndpointSlice> slices, NodePlace place)
    {
        var spec = service.Spec;
        var loadBalancer = spec.Type == "LoadBalancer" ? service.Status.LoadBalancer.Ingress.Where(i => i.IpMode != "Proxy") : [];
        var isExternal = port.NodePort > 0 || spec.ExternalIps.Length > 0 || spec.Type == "LoadBalancer";
        var isExternalLocal = isExternal && spec.ExternalTrafficPolicy == "Local";
        var isInternalLocal = spec.InternalTrafficPolicy == "Local";
        EndpointChoice[] choices =
        [
            new EndpointChoice(KnownEndpoint.Of(port, "IPv4", slices, place.Node), place),
            new EndpointChoice(KnownEndpoint.Of(port, "IPv6", slices, place.Node), place),
        ];
        return new ServiceRoute
        {
            Key = new ServicePortKey(service.Metadata.Namespace, service.Metadata.Name, port.Name, port.Protocol),
            ClusterIps = Parse(spec.ClusterIps.Length > 0 ? spec.ClusterIps : [spec.ClusterIp]),
            Port = port.Port,
            ExternalIps = Parse(spec.ExternalIps),
            LoadBalancerIps = Parse(loadBalancer.Select(ingress => ingress.Ip)),
            SourceRanges = new Texts([.. spec.LoadBalancerSourceRanges.Select(range => range.Trim())]),
            NodePort = port.NodePort,
            Affinity = spec.SessionAffinity == "ClientIP" ? AffinityOf(spec) : null,
            IsInternalLocal = isInternalLocal,
            IsExternalLocal = isExternalLocal,
            InternalEndpoints = Choose(choices, isInternalLocal),
            ExternalEndpoints = isExternal ? Choose(choices, isExternalLocal) : EndpointSet.None,
            HasEndpointsElsewhere = choices.Any(choice => choice.IsAnyServing),
            HealthCheckNodePort = isExternalLocal && spec.Type == "LoadBalancer" ? spec.HealthCheckNodePort : 0,
            ReadyOnThisNode = choices.Max(choice => choice.ReadyOnThisNode),
        };
    }

    private static EndpointSet Choose(EndpointChoice[] choices, bool isLocal) =>
        new([.. choices.SelectMany(choice => choice.For(isLocal))]);

    private static TimeSpan AffinityOf(ServiceSpec spec) =>
        spec.SessionAffinityConfig?.ClientIp?.TimeoutSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : DefaultAffinity;

    private static Addresses Parse(IEnumerable<string> texts)
    {
        List<IPAddress> addresses = [];
        foreach (var text in texts)
        {
            if (IPAddress.TryParse(text, out var address)
                && address.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6
                && !addresses.Contains(address))
            {
                addresses.Add(address);
            }
        }

        return addresses.Count == 0 ? Addresses.None : new Addresses([.. addresses]);
    }
}

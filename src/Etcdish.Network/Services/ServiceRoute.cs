using System.Net;

namespace Etcdish.Network.Services;

/// <summary>
/// What a node does with the connections of one port of a service: all that its spec, its endpoints and the node decide, in the form in
/// which both proxies want it. Values are equal when nothing has to be done.
/// </summary>
internal sealed record ServiceRoute
{
    /// <summary>Whose.</summary>
    public required ServicePortKey Key { get; init; }

    /// <summary>Its addresses in the cluster, one of each family.</summary>
    public required Addresses ClusterIps { get; init; }

    /// <summary>The port at those addresses.</summary>
    public required int Port { get; init; }

    /// <summary>Addresses from outside of the cluster that lead to it (spec.externalIPs).</summary>
    public Addresses ExternalIps { get; init; } = Addresses.None;

    /// <summary>Addresses of its load balancer that lead to it, those of mode VIP (status.loadBalancer).</summary>
    public Addresses LoadBalancerIps { get; init; } = Addresses.None;

    /// <summary>Who may use the load balancer's addresses, in CIDR notation; none: everybody.</summary>
    public Texts SourceRanges { get; init; } = Texts.None;

    /// <summary>The port of every node that leads to it, or 0.</summary>
    public int NodePort { get; init; }

    /// <summary>For how long a client stays with its endpoint; null: it does not.</summary>
    public TimeSpan? Affinity { get; init; }

    /// <summary>Whether what comes from within the cluster goes to endpoints of this node only.</summary>
    public bool IsInternalLocal { get; init; }

    /// <summary>Whether what comes from outside goes to endpoints of this node only, and keeps its source address.</summary>
    public bool IsExternalLocal { get; init; }

    /// <summary>Where connections within the cluster go: ready endpoints (this node's only, with internalTrafficPolicy Local), or those
    /// that end but still serve when none is ready. Empty: they are refused, or dropped if others have some that may not be used here
    /// (<see cref="IsInternalLocal"/> and <see cref="HasEndpointsElsewhere"/>).</summary>
    public required EndpointSet InternalEndpoints { get; init; }

    /// <summary>Where connections from outside go, chosen by the same rules with externalTrafficPolicy. Empty if nothing outside leads
    /// to it.</summary>
    public required EndpointSet ExternalEndpoints { get; init; }

    /// <summary>Whether there are endpoints that serve, on whatever node; without any, connections are refused, never dropped.</summary>
    public bool HasEndpointsElsewhere { get; init; }

    /// <summary>The port by which a load balancer asks each node whether it has endpoints, or 0.</summary>
    public int HealthCheckNodePort { get; init; }

    /// <summary>How many endpoints of this node are ready: the answer to that question.</summary>
    public int ReadyOnThisNode { get; init; }
}

/// <summary>One place where a service leads.</summary>
/// <param name="Address">The pod's address.</param>
/// <param name="Port">The pod's port.</param>
/// <param name="IsLocal">Whether it is on this node.</param>
internal readonly record struct ServiceEndpoint(IPAddress Address, int Port, bool IsLocal);

namespace Etcdish.Network.LoadBalancers;

/// <summary>Where load balancers get their addresses from.</summary>
public sealed record LoadBalancerOptions
{
    /// <summary>The class of load balancers (spec.loadBalancerClass) that is served besides those that name none.</summary>
    public const string PoolClass = "etcdish.io/pool";

    /// <summary>
    /// The addresses to give, each to one service: <c>192.0.2.0/28</c>, <c>192.0.2.10-192.0.2.20</c> or single ones, of both families. None:
    /// services get the addresses of the nodes, and share them as long as their ports do not clash.
    /// </summary>
    public IReadOnlyList<string> Pools { get; init; } = [];

    /// <summary>The node whose addresses are given if there is no pool; empty: all nodes that are ready, or all if none is.</summary>
    public string NodeName { get; init; } = "";

    /// <summary>Ports that services do not get at the addresses of nodes, since the node itself is reached by them.</summary>
    public IReadOnlySet<int> ReservedPorts { get; init; } = new HashSet<int>();

    /// <summary>Reads the pools.</summary>
    /// <exception cref="FormatException">One of them is no range of addresses.</exception>
    internal AddressRange[] ParsePools() => [.. Pools.Select(AddressRange.Parse)];
}

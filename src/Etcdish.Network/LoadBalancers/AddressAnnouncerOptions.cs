namespace Etcdish.Network.LoadBalancers;

/// <summary>Which addresses a node takes, and where.</summary>
public sealed record AddressAnnouncerOptions
{
    /// <summary>
    /// This node: each address is one node's, which all of them find alike. Empty: all are this one's, and nobody else announces the pools.
    /// </summary>
    public string NodeName { get; init; } = "";

    /// <summary>The pools, as in <see cref="LoadBalancerOptions.Pools"/>. Addresses of these are this program's alone: any other one that it
    /// finds on the interface is a leftover, and goes.</summary>
    public required IReadOnlyList<string> Pools { get; init; }

    /// <summary>The interface. At <c>lo</c> Linux answers for IPv4 addresses on every link of the machine; IPv6 needs the link itself.</summary>
    public string Interface { get; init; } = "lo";
}

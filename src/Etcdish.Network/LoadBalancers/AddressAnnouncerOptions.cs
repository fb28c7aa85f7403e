namespace Etcdish.Network.LoadBalancers;

/// <summary>Which addresses a node takes, and where.</summary>
public sealed record AddressAnnouncerOptions
{
    /// <summary>The pools, as in <see cref="LoadBalancerOptions.Pools"/>. Addresses of these are this program's alone: any other one that it
    /// finds on the interface is a leftover, and goes.</summary>
    public required IReadOnlyList<string> Pools { get; init; }

    /// <summary>The interface. At <c>lo</c> Linux answers for IPv4 addresses on every link of the machine; IPv6 needs the link itself.</summary>
    public string Interface { get; init; } = "lo";
}

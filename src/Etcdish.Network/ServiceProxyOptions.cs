using System.Net;

namespace Etcdish.Network;

/// <summary>What a service proxy must be told.</summary>
public sealed record ServiceProxyOptions
{
    /// <summary>The port of <c>/healthz</c> and <c>/livez</c> by kube-proxy's default.</summary>
    public const int DefaultHealthzPort = 10256;

    /// <summary>The name of this node.</summary>
    public required string NodeName { get; init; }

    /// <summary>The addresses at which node ports lead to services; none: those that the Node says.</summary>
    public IReadOnlyList<IPAddress> NodeAddresses { get; init; } = [];

    /// <summary>The ranges of services' addresses, in CIDR notation; none: those of the cluster's ServiceCIDR objects.</summary>
    public IReadOnlyList<string> ServiceCidrs { get; init; } = [];

    /// <summary>
    /// The pods' networks, in CIDR notation: what comes from elsewhere to an address of a service gets the node's address, so that the
    /// answer comes back here. None: those that the Node says; if it says none, nothing is masked.
    /// </summary>
    public IReadOnlyList<string> PodCidrs { get; init; } = [];

    /// <summary>How connections are led to endpoints.</summary>
    public ServiceProxyMode Mode { get; init; } = ServiceProxyMode.Auto;

    /// <summary>The least time between two changes of the kernel's tables. The first change after a pause is made at once.</summary>
    public TimeSpan MinSyncPeriod { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>How often the tables are set right even if nothing changed.</summary>
    public TimeSpan FullSyncPeriod { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Where <c>/healthz</c> and <c>/livez</c> are served; null: nowhere.</summary>
    public IPEndPoint? HealthzAddress { get; init; } = new(IPAddress.Any, DefaultHealthzPort);

    /// <summary>Whether the tables go when the proxy stops. By default they stay, so that services work while it is replaced.</summary>
    public bool CleansUp { get; init; }
}

/// <summary>How connections are led to endpoints.</summary>
public enum ServiceProxyMode
{
    /// <summary>By nftables where that works (<see cref="ServiceProxy.CanUseNftables"/>), else in user space.</summary>
    Auto,

    /// <summary>By rules of the kernel's packet filter.</summary>
    Nftables,

    /// <summary>By sockets of this process, on machines without root or nft.</summary>
    Userspace,
}

using System.Net;

namespace Etcdish.Network.Ingress;

/// <summary>How an ingress controller serves.</summary>
public sealed record IngressOptions
{
    /// <summary>How much higher the port is that takes the place of one that cannot be had: 18080 for 80.</summary>
    internal const int InsteadOffset = 18_000;

    /// <summary>
    /// The port of plain HTTP; 0: any that is free. One that cannot be had, such as 80 by who is not root, gives way to 18080 or else to any
    /// that is free, with a warning.
    /// </summary>
    public int HttpPort { get; init; } = 80;

    /// <summary>The port of HTTPS; 0: any that is free. One that cannot be had gives way to 18443 or else to any that is free, with a warning.</summary>
    public int HttpsPort { get; init; } = 443;

    /// <summary>The address to listen at; by default all, of both families.</summary>
    public IPAddress BindAddress { get; init; } = IPAddress.IPv6Any;

    /// <summary>The addresses that ingresses get in their status. Controllers on several nodes must be given the same.</summary>
    public IReadOnlyList<IPAddress> NodeAddresses { get; init; } = [];

    /// <summary>How long a connection to an endpoint may take to open before another endpoint is tried.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long nothing may move, in either direction, before a request or an upgraded connection is given up.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long requests under way get when the controller ends.</summary>
    public TimeSpan DrainTime { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How many bytes the headers of a request may have, all together.</summary>
    public int MaxHeaderBytes { get; init; } = 64 * 1024;

    /// <summary>Says what is wrong with the options.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfNegative(HttpPort);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(HttpPort, IPEndPoint.MaxPort);
        ArgumentOutOfRangeException.ThrowIfNegative(HttpsPort);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(HttpsPort, IPEndPoint.MaxPort);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(ConnectTimeout, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(IdleTimeout, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxHeaderBytes, 1024);
    }
}

using System.Net;
using Etcdish.Network.Services;

namespace Etcdish.Network.Userspace;

/// <summary>How the userspace proxy behaves.</summary>
internal sealed record UserspaceProxyOptions
{
    /// <summary>Is told what goes wrong with a port of a service.</summary>
    public required Action<ServicePortKey, string> Warn { get; init; }

    /// <summary>The clock of affinity, idle sessions and pauses.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Where node ports are listened at, of each family that a service has. A UDP client of a machine with several addresses is
    /// answered from the one that the machine's routes prefer, unless they are named here one by one.</summary>
    public IReadOnlyList<IPAddress> NodePortAddresses { get; init; } = [IPAddress.Any, IPAddress.IPv6Any];

    /// <summary>Ranges that a route makes local as a whole (<see cref="LocalRange"/>).</summary>
    public IReadOnlyList<IPNetwork> LocalRanges { get; init; } = [];

    /// <summary>How long an endpoint has to take a connection while there is another one to try; the last one tried has five times as
    /// long. More than zero. Two seconds leave time for one packet to be lost.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>After which silence, both ways, a UDP client counts as a new one. More than zero.</summary>
    public TimeSpan UdpIdleTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How many UDP clients one listening address has at once, 1 or more; a further one takes the place of the one that has been
    /// silent longest.</summary>
    public int MaxUdpSessions { get; init; } = 1000;

    /// <summary>Checks the values.</summary>
    /// <exception cref="ArgumentOutOfRangeException">One is out of its range.</exception>
    public void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(ConnectTimeout, TimeSpan.Zero, nameof(ConnectTimeout));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(UdpIdleTimeout, TimeSpan.Zero, nameof(UdpIdleTimeout));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxUdpSessions, 1, nameof(MaxUdpSessions));
    }
}

using System.Net;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Network.LoadBalancers;

/// <summary>Where addresses of load balancers come from, and who has which. For one thread at a time.</summary>
internal interface IAddressSource
{
    /// <summary>Whether an address is one that it gives.</summary>
    bool Gives(IPAddress address);

    /// <summary>Gives a service what it wants; what it has stays where it may.</summary>
    /// <param name="service">The service.</param>
    /// <param name="shown">The addresses that its status shows.</param>
    Grant Ensure(Service service, IReadOnlyList<IPAddress> shown);

    /// <summary>Takes back all that a service has. False if that is nothing.</summary>
    bool Release(ObjectKey service);
}

/// <summary>What a service gets.</summary>
/// <param name="Addresses">Its addresses now.</param>
/// <param name="Problem">Why these are not what it wants; empty: they are.</param>
/// <param name="HasFreed">Whether something became free for others.</param>
internal sealed record Grant(IReadOnlyList<IPAddress> Addresses, string Problem, bool HasFreed);

using System.Net;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Network.LoadBalancers;

/// <summary>
/// The addresses of the nodes themselves, shared by services: each has its ports there for itself, at every node. So a load balancer needs
/// nothing but the machine that there is.
/// </summary>
/// <param name="nodes">The addresses of the nodes as they are now, in order.</param>
/// <param name="reservedPorts">Ports that are the nodes' own, whatever the protocol.</param>
internal sealed class NodeAddressSource(Func<IReadOnlyList<IPAddress>> nodes, IReadOnlySet<int> reservedPorts) : IAddressSource
{
    private readonly Dictionary<(string Protocol, int Port), ObjectKey> _owners = [];
    private readonly Dictionary<ObjectKey, (string Protocol, int Port)[]> _grants = [];

    /// <inheritdoc/>
    public bool Gives(IPAddress address) => nodes().Contains(address);

    /// <inheritdoc/>
    public Grant Ensure(Service service, IReadOnlyList<IPAddress> shown)
    {
        (string, int)[] ports = [.. service.Spec.Ports.Select(port => (port.Protocol, port.Port))];
        var addresses = AddressesFor(service);
        var problem = addresses.Count == 0 ? NoAddress(service) : FindClash(service, ports);
        if (problem.Length > 0)
        {
            return new Grant([], problem, Release(service.Key));
        }

        var hasFreed = _grants.TryGetValue(service.Key, out var had) && had.Except(ports).Any();
        Release(service.Key);
        _grants[service.Key] = ports;
        Array.ForEach(ports, port => _owners[port] = service.Key);
        return new Grant(addresses, "", hasFreed);
    }

    /// <inheritdoc/>
    public bool Release(ObjectKey service)
    {
        if (!_grants.Remove(service, out var ports))
        {
            return false;
        }

        Array.ForEach(ports, port => _owners.Remove(port));
        return true;
    }

    private List<IPAddress> AddressesFor(Service service)
    {
        var wanted = service.Spec.LoadBalancerIp;
        return
        [
            .. Families.Of(service)
                .SelectMany(family => nodes().Where(address => address.AddressFamily == family))
                .Where(address => wanted.Length == 0 || (IPAddress.TryParse(wanted, out var ip) && ip.Equals(address))),
        ];
    }

    private static string NoAddress(Service service) => service.Spec.LoadBalancerIp is { Length: > 0 } wanted
        ? $"address {wanted} is no node's"
        : $"no node has an {string.Join(" or ", Families.Of(service).Select(Families.NameOf))} address";

    private string FindClash(Service service, (string Protocol, int Port)[] ports)
    {
        foreach (var port in ports)
        {
            if (reservedPorts.Contains(port.Port))
            {
                return $"port {port.Port}/{port.Protocol} is the nodes' own";
            }

            if (_owners.TryGetValue(port, out var owner) && owner != service.Key)
            {
                return $"port {port.Port}/{port.Protocol} of the nodes is service {owner}'s";
            }
        }

        return "";
    }
}

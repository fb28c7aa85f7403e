using System.Net;
using System.Net.Sockets;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Network.LoadBalancers;

/// <summary>Addresses of which each is one service's alone; the lowest that is free is given first.</summary>
internal sealed class AddressPool : IAddressSource
{
    private readonly AddressRange[] _ranges;

    // All of a range below this number is taken.
    private readonly UInt128[] _lowestFree;
    private readonly Dictionary<IPAddress, ObjectKey> _owners = [];
    private readonly Dictionary<ObjectKey, IReadOnlyList<IPAddress>> _grants = [];

    public AddressPool(IEnumerable<AddressRange> ranges)
    {
        _ranges = [.. ranges];
        _lowestFree = [.. _ranges.Select(range => range.First)];
    }

    /// <inheritdoc/>
    public bool Gives(IPAddress address) => Array.Exists(_ranges, range => range.Contains(address));

    /// <inheritdoc/>
    public Grant Ensure(Service service, IReadOnlyList<IPAddress> shown)
    {
        var had = _grants.GetValueOrDefault(service.Key, []);
        var families = Families.Of(service).Where(HasRange).ToList();
        if (FindFault(service, families) is { Length: > 0 } fault)
        {
            return new Grant(had, fault, HasFreed: false);
        }

        List<IPAddress> chosen = [];
        foreach (var family in families)
        {
            var address = Choose(service, family, [.. had, .. shown], out var problem);
            if (address is null)
            {
                // What it has stays: an address that works is better than none.
                return new Grant(had, problem, HasFreed: false);
            }

            chosen.Add(address);
        }

        Take(service.Key, chosen);
        var freed = had.Where(address => !chosen.Contains(address)).ToList();
        freed.ForEach(Free);
        return new Grant(chosen, "", freed.Count > 0);
    }

    /// <inheritdoc/>
    public bool Release(ObjectKey service)
    {
        if (!_grants.Remove(service, out var addresses))
        {
            return false;
        }

        foreach (var address in addresses)
        {
            Free(address);
        }

        return true;
    }

    private bool HasRange(AddressFamily family) => Array.Exists(_ranges, range => range.Family == family);

    /// <summary>What makes all choice vain; empty: nothing.</summary>
    private string FindFault(Service service, List<AddressFamily> families)
    {
        var wanted = service.Spec.LoadBalancerIp;
        return families.Count == 0 ? $"no pool has {string.Join(" or ", Families.Of(service).Select(Families.NameOf))} addresses"
            : wanted.Length == 0 ? ""
            : !IPAddress.TryParse(wanted, out var address) ? $"'{wanted}' is no address"
            : !Gives(address) || !families.Contains(address.AddressFamily) ? $"address {wanted} is in no pool for this service"
            : _owners.TryGetValue(address, out var owner) && owner != service.Key ? $"address {wanted} is service {owner}'s"
            : "";
    }

    private IPAddress? Choose(Service service, AddressFamily family, IReadOnlyList<IPAddress> preferred, out string problem)
    {
        problem = "";
        if (IPAddress.TryParse(service.Spec.LoadBalancerIp, out var wanted) && wanted.AddressFamily == family)
        {
            return wanted;
        }

        foreach (var address in preferred)
        {
            if (address.AddressFamily == family && Gives(address) && IsFreeFor(address, service.Key))
            {
                return address;
            }
        }

        var free = FindFree(family);
        problem = free is null ? $"no {Families.NameOf(family)} address is free" : "";
        return free;
    }

    private IPAddress? FindFree(AddressFamily family)
    {
        for (var i = 0; i < _ranges.Length; i++)
        {
            var range = _ranges[i];
            for (var number = _lowestFree[i]; range.Family == family && number >= range.First && number <= range.Last; number++)
            {
                var address = range.AddressOf(number);
                if (!_owners.ContainsKey(address))
                {
                    _lowestFree[i] = number;
                    return address;
                }

                if (number == range.Last)
                {
                    _lowestFree[i] = number;
                    break;
                }
            }
        }

        return null;
    }

    private bool IsFreeFor(IPAddress address, ObjectKey service) => !_owners.TryGetValue(address, out var owner) || owner == service;

    private void Take(ObjectKey service, List<IPAddress> addresses)
    {
        _grants[service] = addresses;
        addresses.ForEach(address => _owners[address] = service);
    }

    private void Free(IPAddress address)
    {
        _owners.Remove(address);
        var number = AddressRange.NumberOf(address).Number;
        for (var i = 0; i < _ranges.Length; i++)
        {
            if (_ranges[i].Contains(address) && number < _lowestFree[i])
            {
                _lowestFree[i] = number;
            }
        }
    }
}

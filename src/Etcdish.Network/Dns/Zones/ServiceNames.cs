using System.Buffers.Binary;
using System.Net;
using Etcdish.Kubernetes.Objects;
using Etcdish.Network.Dns.Messages;

namespace Etcdish.Network.Dns.Zones;

/// <summary>
/// The records of a service, by the specification of DNS in Kubernetes 1.1.0: of its addresses if it has any, of its endpoints if it is
/// headless, or the name that it stands for.
/// </summary>
internal sealed class ServiceNames
{
    private readonly Service _service;
    private readonly byte[] _name;
    private readonly List<ZoneRecord> _records = [];

    private ServiceNames(Service service, byte[] above)
    {
        _service = service;
        _name = WireName.Below(service.Metadata.Name, WireName.Below(service.Metadata.Namespace, above));
    }

    /// <summary>The records of a service.</summary>
    /// <param name="service">The service.</param>
    /// <param name="slices">Where it leads.</param>
    /// <param name="zone">The zone they are for.</param>
    public static IReadOnlyCollection<ZoneRecord> Of(Service service, IEnumerable<EndpointSlice> slices, Zone zone)
    {
        var names = new ServiceNames(service, zone.Services);
        if (service.Spec.Type == "ExternalName")
        {
            names.AddAlias();
        }
        else if (service.Spec.HasClusterIp)
        {
            names.AddAddresses();
        }
        else
        {
            foreach (var slice in slices.Where(slice => slice.AddressType is "IPv4" or "IPv6"))
            {
                names.AddEndpoints(slice);
            }
        }

        return names._records;
    }

    /// <summary>The records of a namespace: that it is there.</summary>
    public static IReadOnlyCollection<ZoneRecord> OfNamespace(string name, Zone zone) =>
    [
        new(WireName.Below(name, zone.Services), RecordType.None, []),
        new(WireName.Below(name, zone.Pods), RecordType.None, []),
    ];

    private void AddAlias()
    {
        // Others than the API server may let anything pass as a name; then the service has none.
        if (WireName.TryParse(_service.Spec.ExternalName, out var target))
        {
            _records.Add(new ZoneRecord(_name, RecordType.Cname, target));
        }
    }

    private void AddAddresses()
    {
        var texts = _service.Spec.ClusterIps is { Length: > 0 } all ? all : [_service.Spec.ClusterIp];
        foreach (var text in texts)
        {
            if (IPAddress.TryParse(text, out var address))
            {
                _records.Add(Zone.AddressRecord(_name, address));
                _records.Add(new ZoneRecord(ReverseName.Of(address), RecordType.Ptr, _name));
            }
        }

        foreach (var port in _service.Spec.Ports.Where(port => port.Name.Length > 0))
        {
            AddPort(port.Name, port.Protocol, port.Port, _name);
        }
    }

    private void AddEndpoints(EndpointSlice slice)
    {
        foreach (var endpoint in slice.Endpoints)
        {
            if (endpoint.Conditions.Ready == false && !_service.Spec.PublishNotReadyAddresses)
            {
                continue;
            }

            foreach (var text in endpoint.Addresses)
            {
                if (IPAddress.TryParse(text, out var address))
                {
                    AddEndpoint(endpoint.Hostname, address, slice.Ports);
                }
            }
        }
    }

    private void AddEndpoint(string hostname, IPAddress address, EndpointPort[] ports)
    {
        var name = WireName.Below(hostname.Length > 0 ? hostname : PodName.LabelOf(address), _name);
        _records.Add(Zone.AddressRecord(_name, address));
        _records.Add(Zone.AddressRecord(name, address));
        if (hostname.Length > 0)
        {
            _records.Add(new ZoneRecord(ReverseName.Of(address), RecordType.Ptr, name));
        }

        foreach (var port in ports)
        {
            if (port is { Name.Length: > 0, Port: { } number })
            {
                AddPort(port.Name, port.Protocol, number, name);
            }
        }
    }

    /// <summary>Priority 0, weight 100, the port, and where it is (RFC 2782).</summary>
    private void AddPort(string port, string protocol, int number, byte[] target)
    {
        var data = new byte[6 + target.Length];
        BinaryPrimitives.WriteUInt16BigEndian(data.AsSpan(2), 100);
        BinaryPrimitives.WriteUInt16BigEndian(data.AsSpan(4), (ushort)number);
        target.CopyTo(data, 6);
        _records.Add(new ZoneRecord(WireName.Below("_" + port, WireName.Below("_" + protocol, _name)), RecordType.Srv, data));
    }
}

using System.Net;
using Etcdish.ApiServer.Admission;
using Etcdish.ApiServer.Registry;
using Etcdish.ApiServer.Storage;

namespace Etcdish.ApiServer.Allocation;

/// <summary>The addresses and ports of services: the parts of this folder, put together for one server.</summary>
internal sealed class ServiceNetwork
{
    private readonly IReadOnlyList<IpRange> _ranges;
    private readonly MetadataRules _metadata;
    private readonly Action<string> _warn;
    private readonly AllocationRepair _repair;

    /// <exception cref="ArgumentException">A range is wrong.</exception>
    public ServiceNetwork(ApiServerOptions options, IObjectStore store, ClusterObjects objects, MetadataRules metadata)
    {
        (_metadata, _warn) = (metadata, options.Warn);
        _ranges = [.. options.ServiceClusterIpRange.Split(',').Select(range => new IpRange(range))];
        if (_ranges.Count > 2 || _ranges.Select(range => range.Family).Distinct().Count() != _ranges.Count)
        {
            throw new ArgumentException($"the ranges \"{options.ServiceClusterIpRange}\" of services are not one, or one of each family");
        }

        var addresses = new AddressAllocator(objects, metadata);
        var ports = new PortAllocator(store, options.StorePrefix, PortRange.Parse(options.ServiceNodePortRange));
        Plugin = new ServiceAllocation(addresses, ports, new ServiceFamilies(_ranges));
        _repair = new AllocationRepair(objects, addresses, ports, store, options.Warn);
    }

    /// <summary>What gives services their share when they are written.</summary>
    public ServiceAllocation Plugin { get; }

    /// <summary>The addresses of the service of this API: the first of each range.</summary>
    public IEnumerable<IPAddress> OwnAddresses => _ranges.Select(range => range.At(1));

    /// <summary>Repairs what others left behind, then says where this server is.</summary>
    public async Task StartAsync(ObjectWriter writer, ResourceDirectory resources, IPEndPoint listen, CancellationToken cancellation)
    {
        await _repair.RunAsync(cancellation);
        await new DefaultService(writer, resources, _ranges, _metadata, _warn).EnsureAsync(listen, cancellation);
    }
}

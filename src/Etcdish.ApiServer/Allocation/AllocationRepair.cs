using System.Net;
using Etcdish.ApiServer.Admission;
using Etcdish.ApiServer.Registry;
using Etcdish.ApiServer.Storage;

namespace Etcdish.ApiServer.Allocation;

/// <summary>
/// Brings what is taken into agreement with the services there are. This server never lets the two disagree; others that write the same
/// store may, and so may people who delete or create IPAddress objects.
/// </summary>
internal sealed class AllocationRepair(
    ClusterObjects objects, AddressAllocator addresses, PortAllocator ports, IObjectStore store, Action<string> warn)
{
    private readonly ResourceType _services = objects.Type("", "v1", "services");

    public async Task RunAsync(CancellationToken cancellation)
    {
        foreach (var lost in await addresses.FindLostAsync(cancellation))
        {
            warn($"{lost.Key} is of no service and is given back");
            await store.CommitAsync([lost], cancellation);
        }

        var owners = await RepairServicesAsync(cancellation);
        foreach (var (port, owner, revision) in await ports.ListAsync(cancellation))
        {
            if (!owners.Contains((port, owner)))
            {
                warn($"port {port} is of no service and is given back");
                await store.CommitAsync([ports.Release(port, revision)], cancellation);
            }
        }
    }

    /// <summary>Takes what services have; returns the ports with their owners.</summary>
    private async Task<HashSet<(long Port, string Owner)>> RepairServicesAsync(CancellationToken cancellation)
    {
        var owners = new HashSet<(long, string)>();
        foreach (var (service, _) in await objects.ListAsync(_services, "", cancellation))
        {
            var (scope, name) = (service.Namespace(), service.Name());
            foreach (var address in ServiceNeeds.Addresses(service))
            {
                await TakeAsync(
                    addresses.Take(IPAddress.Parse(address), scope, name), $"address {address} of service {scope}/{name}", cancellation);
            }

            foreach (var port in ServiceNeeds.Ports(service))
            {
                owners.Add((port, $"{scope}/{name}"));
                await TakeAsync(ports.Take(port, scope, name), $"port {port} of service {scope}/{name}", cancellation);
            }
        }

        return owners;
    }

    private async Task TakeAsync(StoreAction action, string what, CancellationToken cancellation)
    {
        if (await store.GetAsync(action.Key, cancellation) is null && (await store.CommitAsync([action], cancellation)).Succeeded)
        {
            warn($"{what} was not noted as taken");
        }
    }
}

using System.Net;
using System.Net.Sockets;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Services;

/// <summary>What is wrong with an address of a service, and what is done about it.</summary>
/// <param name="Reason">The reason of the event.</param>
/// <param name="Message">Its message.</param>
/// <param name="Step">What is to be done.</param>
internal sealed record AddressProblem(string Reason, string Message, AddressStep Step);

/// <summary>What is to be done about an address.</summary>
internal enum AddressStep
{
    /// <summary>Somebody has to decide.</summary>
    TellOnly,

    /// <summary>It is noted as the service's.</summary>
    Take,

    /// <summary>The note of it says something wrong and is written anew.</summary>
    TakeAnew,

    /// <summary>The note of it goes.</summary>
    GiveBack,
}

/// <summary>Compares the addresses that services have with those that are noted as taken.</summary>
internal static class AddressDecisions
{
    /// <summary>The addresses of the cluster that a service has.</summary>
    public static IEnumerable<string> AddressesOf(Service service) => !service.Spec.HasClusterIp ? []
        : service.Spec.ClusterIps.Length > 0 ? service.Spec.ClusterIps
        : [service.Spec.ClusterIp];

    /// <summary>What is wrong with an address that a service has; null if nothing is.</summary>
    /// <param name="service">The service.</param>
    /// <param name="address">The address.</param>
    /// <param name="ranges">Those that services may have; none: they are not known.</param>
    /// <param name="note">The note of who has it, if there is one.</param>
    /// <param name="other">The service that the note names, if it is another one that is there.</param>
    public static AddressProblem? ForService(
        Service service, string address, IReadOnlyList<IPNetwork> ranges, IpAddress? note, Service? other)
    {
        if (!IPAddress.TryParse(address, out var ip))
        {
            return new("ClusterIPNotValid", $"Cluster IP {address} is not a valid IP; please recreate Service", AddressStep.TellOnly);
        }

        var family = PodEndpoints.TypeOf(address);
        if (ranges.Count > 0 && !ranges.Any(range => Gives(range, ip)))
        {
            return new(
                "ClusterIPOutOfRange",
                $"Cluster IP [{family}]: {address} is not within any configured Service CIDR; please recreate service",
                AddressStep.TellOnly);
        }

        if (note is null)
        {
            return new("ClusterIPNotAllocated", $"Cluster IP [{family}]: {address} is not allocated; repairing", AddressStep.Take);
        }

        if (ServiceOf(note) == service.Key)
        {
            return null;
        }

        return other is not null && AddressesOf(other).Contains(address)
            ? new(
                "ClusterIPAlreadyAllocated",
                $"Cluster IP [{family}]:{address} was assigned to multiple services; please recreate service",
                AddressStep.TellOnly)
            : new(
                "ClusterIPNotAllocated",
                $"the ClusterIP [{family}]: {address} for Service {service.Key} has a wrong reference; repairing",
                AddressStep.TakeAnew);
    }

    /// <summary>What is wrong with a note that an address is a service's; null if nothing is, or if it is not a service's.</summary>
    public static AddressProblem? ForNote(IpAddress note, Service? service)
    {
        if (ServiceOf(note) is not { } key)
        {
            return null;
        }

        var address = note.Metadata.Name;
        return service is null
                ? new(
                    "IPAddressNotAllocated",
                    $"IPAddress: {address} for Service {key} appears to have leaked: cleaning up",
                    AddressStep.GiveBack)
            : !AddressesOf(service).Contains(address)
                ? new(
                    "IPAddressWrongReference",
                    $"IPAddress: {address} for Service {key} has a wrong reference; cleaning up",
                    AddressStep.GiveBack)
            : null;
    }

    /// <summary>The service that has an address by a note, if it is a service's.</summary>
    public static ObjectKey? ServiceOf(IpAddress note) => note.Spec.ParentRef is { Group: "", Resource: "services" } parent
        ? new ObjectKey(parent.Namespace, parent.Name)
        : null;

    /// <summary>Whether services get an address of a range: not its first one, and not the last one where that is for all.</summary>
    private static bool Gives(IPNetwork range, IPAddress address) =>
        range.Contains(address) && !address.Equals(range.BaseAddress) && !IsBroadcast(range, address);

    private static bool IsBroadcast(IPNetwork range, IPAddress address)
    {
        if (range.BaseAddress.AddressFamily != AddressFamily.InterNetwork || range.PrefixLength >= 31)
        {
            return false;
        }

        var number = System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes());
        var hosts = uint.MaxValue >> range.PrefixLength;
        return (number & hosts) == hosts;
    }
}

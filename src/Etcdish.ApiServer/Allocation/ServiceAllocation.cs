using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Etcdish.ApiServer.Admission;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Allocation;

/// <summary>
/// Gives services what is theirs alone: addresses of the cluster and ports of its nodes. All of it is taken and given back in the very
/// write that shows it in the service.
/// </summary>
internal sealed class ServiceAllocation(AddressAllocator addresses, PortAllocator ports, ServiceFamilies families) : IAdmissionPlugin
{
    public string Name => "ServiceAllocation";

    public bool Handles(AdmissionRequest request) => request.Writes("", "Service");

    public async ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellation)
    {
        var service = request.Object!;
        var spec = service.Ensure("spec");
        AllocatedFields.Carry(spec, request.Stored.Part("spec"));
        var errors = new List<FieldError>();
        families.Complete(spec, errors);
        Refuse(request, errors);
        if (ServiceNeeds.NeedsAddress(spec))
        {
            await GiveAddressesAsync(request, spec, cancellation);
        }

        await GivePortsAsync(request, spec, cancellation);
        await ReleaseAsync(request, request.Stored, service, cancellation);
    }

    public ValueTask ReleaseAsync(AdmissionRequest request, CancellationToken cancellation) =>
        request.Write.Type.Info is { Group: "", Kind: "Service" }
            ? ReleaseAsync(request, request.Stored, null, cancellation)
            : ValueTask.CompletedTask;

    private async ValueTask GiveAddressesAsync(AdmissionRequest request, JsonObject spec, CancellationToken cancellation)
    {
        var (_, scope, name) = request.Write;
        var had = ServiceNeeds.Addresses(request.Stored);
        var wanted = spec.Items("clusterIPs").Select(ip => ip!.ToString()).ToArray();
        var result = new JsonArray();
        var at = 0;
        foreach (var family in spec.Items("ipFamilies").Select(family => family!.ToString()))
        {
            var asked = at < wanted.Length ? wanted[at] : "";
            at++;
            if (had.Contains(asked))
            {
                result.Add(asked);
                continue;
            }

            var range = families.RangeOf(family)!;
            var address = asked.Length > 0
                ? await CheckAsync(request, range, asked, wanted, cancellation)
                : await addresses.PickAsync(range, cancellation)
                    ?? throw new ApiException(
                        500, "InternalError", "Internal error occurred: failed to allocate a serviceIP: range is full");
            request.Companions.Add(addresses.Take(address, scope, name));
            result.Add(address.ToString());
        }

        spec["clusterIP"] = result[0]!.DeepClone();
        spec["clusterIPs"] = result;
    }

    private async ValueTask<IPAddress> CheckAsync(
        AdmissionRequest request, IpRange range, string asked, string[] wanted, CancellationToken cancellation)
    {
        var (_, scope, name) = request.Write;
        var problem = !IPAddress.TryParse(asked, out var address)
            ? "not a valid IP"
            : !range.Contains(address)
                ? $"the provided IP ({asked}) is not in the valid range. The range of valid IPs is {range}"
                : await addresses.IsTakenAsync(address, scope, name, cancellation) ? "provided IP is already allocated" : null;
        if (problem is not null)
        {
            var values = JsonSerializer.Serialize(wanted);
            Refuse(request, [
                new FieldError(
                    "spec.clusterIPs", "FieldValueInvalid", $"Invalid value: {values}: failed to allocate IP {asked}: {problem}"),
            ]);
        }

        return address!;
    }

    private async ValueTask GivePortsAsync(AdmissionRequest request, JsonObject spec, CancellationToken cancellation)
    {
        var mine = ServiceNeeds.Ports(request.Stored);
        var taken = new HashSet<long>(mine);
        taken.UnionWith(ServiceNeeds.Ports(request.Object));
        var errors = new List<FieldError>();
        var i = 0;
        foreach (var port in spec.Items("ports").OfType<JsonObject>())
        {
            var path = $"spec.ports[{i++}].nodePort";
            if (port.Number("nodePort") is > 0 and var asked)
            {
                await TakePortAsync(request, asked, mine, path, errors, cancellation);
            }
            else if (ServiceNeeds.NeedsPorts(spec))
            {
                port["nodePort"] = Shared(spec, port) ?? await GivePortAsync(request, taken, cancellation);
            }
        }

        if (spec.Number("healthCheckNodePort") is > 0 and var health)
        {
            await TakePortAsync(request, health, mine, "spec.healthCheckNodePort", errors, cancellation);
        }
        else if (ServiceNeeds.NeedsHealthPort(spec))
        {
            spec["healthCheckNodePort"] = await GivePortAsync(request, taken, cancellation);
        }

        Refuse(request, errors);
    }

    /// <summary>The same port under another protocol has the same port of nodes.</summary>
    private static long? Shared(JsonObject spec, JsonObject port) => spec.Items("ports").OfType<JsonObject>()
        .Where(other => other != port && other.Number("port") == port.Number("port") && other.Text("protocol") != port.Text("protocol"))
        .Select(other => other.Number("nodePort"))
        .FirstOrDefault(number => number > 0);

    private async ValueTask<long> GivePortAsync(AdmissionRequest request, HashSet<long> taken, CancellationToken cancellation)
    {
        var port = await ports.PickAsync(taken, cancellation)
            ?? throw new ApiException(500, "InternalError", "Internal error occurred: failed to allocate a nodePort: range is full");
        taken.Add(port);
        request.Companions.Add(ports.Take(port, request.Write.Namespace, request.Write.Name));
        return port;
    }

    private async ValueTask TakePortAsync(
        AdmissionRequest request, long port, HashSet<long> mine, string path, List<FieldError> errors, CancellationToken cancellation)
    {
        var action = ports.Take(port, request.Write.Namespace, request.Write.Name);
        if (mine.Contains(port) || request.Companions.Exists(known => known.Key == action.Key))
        {
            return;
        }

        if (!ports.Range.Contains(port))
        {
            errors.Add(new FieldError(
                path,
                "FieldValueInvalid",
                $"Invalid value: {port}: provided port is not in the valid range. The range of valid ports is {ports.Range}"));
        }
        else if (await ports.IsTakenAsync(port, cancellation))
        {
            errors.Add(new FieldError(path, "FieldValueInvalid", $"Invalid value: {port}: provided port is already allocated"));
        }
        else
        {
            request.Companions.Add(action);
        }
    }

    /// <summary>Gives back what a service had and has no more.</summary>
    private async ValueTask ReleaseAsync(AdmissionRequest request, JsonObject? before, JsonObject? after, CancellationToken cancellation)
    {
        var (_, scope, name) = request.Write;
        foreach (var address in ServiceNeeds.Addresses(before).Except(ServiceNeeds.Addresses(after)))
        {
            if (await addresses.ReleaseAsync(address, scope, name, cancellation) is { } release)
            {
                request.Companions.Add(release);
            }
        }

        foreach (var port in ServiceNeeds.Ports(before).Except(ServiceNeeds.Ports(after)))
        {
            if (await ports.ReleaseAsync(port, scope, name, cancellation) is { } release)
            {
                request.Companions.Add(release);
            }
        }
    }

    private static void Refuse(AdmissionRequest request, List<FieldError> errors)
    {
        if (errors.Count > 0)
        {
            throw ApiErrors.Invalid(request.Write.Type.Info, request.Write.Name, errors);
        }
    }
}

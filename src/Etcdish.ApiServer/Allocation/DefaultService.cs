using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Allocation;

/// <summary>The service by which pods reach this server, with the first address of the range; and the range itself as an object.</summary>
internal sealed class DefaultService(
    ObjectWriter writer, ResourceDirectory resources, IReadOnlyList<IpRange> ranges, MetadataRules metadata, Action<string> warn)
{
    private const string Name = "kubernetes";
    private const string Scope = "default";
    private const int Port = 443;

    // What the server says of itself is not for the checks of users' objects: it may listen on this machine only.
    private static readonly UpdatePart _own = new("", null) { Check = (_, _, _) => { } };

    /// <summary>Writes what is missing or says something else than where the server listens.</summary>
    public async Task EnsureAsync(IPEndPoint listen, CancellationToken cancellation)
    {
        var endPoint = new IPEndPoint(Advertised(listen.Address), listen.Port);
        await Task.WhenAll(
            EnsureRangeAsync(cancellation),
            EnsureAsync("", "services", Scope, Service(endPoint), cancellation),
            EnsureAsync("", "endpoints", Scope, Endpoints(endPoint), cancellation),
            EnsureAsync("discovery.k8s.io", "endpointslices", Scope, Slice(endPoint), cancellation));
    }

    private async Task EnsureRangeAsync(CancellationToken cancellation)
    {
        await EnsureAsync("networking.k8s.io", "servicecidrs", "", Cidr(), cancellation);
        await MarkReadyAsync(cancellation);
    }

    private async Task EnsureAsync(string group, string resource, string scope, JsonObject content, CancellationToken cancellation)
    {
        var type = resources.Find(group, "v1", resource)!;
        var request = new WriteRequest(type, scope, Name) { Part = _own };
        content["metadata"] = new JsonObject { ["name"] = Name, ["labels"] = content["labels"]?.DeepClone() };
        content.Remove("labels");
        try
        {
            await writer.CreateAsync(request, content, cancellation);
        }
        catch (ApiException e) when (e.Code == 409)
        {
            await UpdateAsync(request, content, cancellation);
        }
        catch (ApiException e) when (e.Code == 422)
        {
            warn($"there is no service {Name}: {e.Message}");
        }
    }

    private async Task UpdateAsync(WriteRequest request, JsonObject content, CancellationToken cancellation) => await writer.UpdateAsync(
        request,
        stored =>
        {
            foreach (var field in content.Select(item => item.Key).Where(key => key is "subsets" or "endpoints" or "ports"))
            {
                stored!.CopyFrom(content, field);
            }

            return stored!;
        },
        cancellation);

    private async Task MarkReadyAsync(CancellationToken cancellation)
    {
        var type = resources.Find("networking.k8s.io", "v1", "servicecidrs")!;
        await writer.UpdateAsync(
            new WriteRequest(type, "", Name) { Part = UpdatePart.Status with { Check = (_, _, _) => { } } },
            stored =>
            {
                var condition = new JsonObject
                {
                    ["type"] = "Ready",
                    ["status"] = "True",
                    ["reason"] = "",
                    ["message"] = "Kubernetes Service CIDR is ready",
                };
                Subresources.Conditions.Set(stored!.Ensure("status"), condition, metadata.Now());
                return stored!;
            },
            cancellation);
    }

    /// <summary>An address of this machine by which others reach what listens.</summary>
    private static IPAddress Advertised(IPAddress listen)
    {
        if (!listen.Equals(IPAddress.Any) && !listen.Equals(IPAddress.IPv6Any))
        {
            return listen;
        }

        return NetworkInterface.GetAllNetworkInterfaces()
            .Where(card => card.OperationalStatus == OperationalStatus.Up && card.NetworkInterfaceType != NetworkInterfaceType.Loopback)
            .SelectMany(card => card.GetIPProperties().UnicastAddresses)
            .Select(unicast => unicast.Address)
            .FirstOrDefault(address => address.AddressFamily == AddressFamily.InterNetwork) ?? IPAddress.Loopback;
    }

    private JsonObject Cidr() => new()
    {
        ["spec"] = new JsonObject { ["cidrs"] = new JsonArray([.. ranges.Select(range => (JsonNode)range.ToString())]) },
    };

    private JsonObject Service(IPEndPoint endPoint) => new()
    {
        ["labels"] = new JsonObject { ["component"] = "apiserver", ["provider"] = Name },
        ["spec"] = new JsonObject
        {
            ["clusterIP"] = ranges[0].At(1).ToString(),
            ["ports"] = new JsonArray(
                new JsonObject { ["name"] = "https", ["protocol"] = "TCP", ["port"] = Port, ["targetPort"] = endPoint.Port }),
        },
    };

    private static JsonObject Endpoints(IPEndPoint endPoint) => new()
    {
        ["labels"] = new JsonObject { ["endpointslice.kubernetes.io/skip-mirror"] = "true" },
        ["subsets"] = new JsonArray(new JsonObject
        {
            ["addresses"] = new JsonArray(new JsonObject { ["ip"] = endPoint.Address.ToString() }),
            ["ports"] = new JsonArray(new JsonObject { ["name"] = "https", ["port"] = endPoint.Port, ["protocol"] = "TCP" }),
        }),
    };

    private static JsonObject Slice(IPEndPoint endPoint) => new()
    {
        ["labels"] = new JsonObject { ["kubernetes.io/service-name"] = Name },
        ["addressType"] = endPoint.AddressFamily == AddressFamily.InterNetworkV6 ? "IPv6" : "IPv4",
        ["endpoints"] = new JsonArray(new JsonObject
        {
            ["addresses"] = new JsonArray(endPoint.Address.ToString()),
            ["conditions"] = new JsonObject { ["ready"] = true },
        }),
        ["ports"] = new JsonArray(new JsonObject { ["name"] = "https", ["port"] = endPoint.Port, ["protocol"] = "TCP" }),
    };
}

using System.Globalization;
using System.Text.Json.Nodes;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Streaming;

/// <summary>Finds where requests through pods, services and nodes go.</summary>
internal sealed class ProxyTargets(ObjectReader reader, ResourceDirectory resources, KubeletDirectory kubelets)
{
    /// <exception cref="ApiException">There is no such thing, or it may not be reached.</exception>
    public async ValueTask<ProxyTarget> FindAsync(ApiRequest request)
    {
        var kind = request.Type.Info.Kind;
        if (!SchemeNamePort.TryParse(request.Name, out var wanted))
        {
            throw ApiErrors.BadRequest($"invalid {request.Type.Info.Singular} request \"{request.Name}\"");
        }

        return kind switch
        {
            "Pod" => await FindPodAsync(request, wanted),
            "Service" => await FindServiceAsync(request, wanted),
            _ => await FindNodeAsync(request, wanted),
        };
    }

    private async ValueTask<ProxyTarget> FindPodAsync(ApiRequest request, SchemeNamePort wanted)
    {
        var pod = await ReadAsync(request, request.Type, wanted.Name);
        var address = pod.Part("status").Items("podIPs").OfType<JsonObject>().FirstOrDefault().Text("ip");
        if (!ProxyTarget.IsAllowed(address))
        {
            throw ApiErrors.BadRequest("address not allowed");
        }

        return ProxyTarget.At(wanted.Scheme, address, wanted.Port.Length > 0 ? wanted.Port : FirstPort(pod));
    }

    private static string FirstPort(JsonObject pod) =>
        pod.Part("spec").Items("containers").OfType<JsonObject>()
            .Select(container => container.Items("ports").OfType<JsonObject>().FirstOrDefault().Number("containerPort"))
            .FirstOrDefault(port => port is not null)?.ToString(CultureInfo.InvariantCulture) ?? "";

    private async ValueTask<ProxyTarget> FindServiceAsync(ApiRequest request, SchemeNamePort wanted)
    {
        var port = wanted.Port;
        if (long.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            var service = await ReadAsync(request, request.Type, wanted.Name);
            var named = service.Part("spec").Items("ports").OfType<JsonObject>().FirstOrDefault(p => p.Number("port") == number)
                ?? throw Unavailable($"no service port {number} found for service \"{wanted.Name}\"");
            port = named.Text("name");
        }

        var endpoints = await ReadAsync(request, resources.Find("", "v1", "endpoints")!, wanted.Name);
        var candidates = endpoints.Items("subsets").OfType<JsonObject>().SelectMany(subset => Candidates(subset, port)).ToArray();
        Random.Shared.Shuffle(candidates);
        foreach (var (address, target) in candidates)
        {
            if (ProxyTarget.IsAllowed(address.Text("ip")) && await IsPodAsync(request, address))
            {
                return ProxyTarget.At(wanted.Scheme, address.Text("ip"), target);
            }
        }

        throw Unavailable($"no endpoints available for service \"{wanted.Name}\"");
    }

    private static IEnumerable<(JsonObject Address, string Port)> Candidates(JsonObject subset, string portName)
    {
        var port = subset.Items("ports").OfType<JsonObject>().FirstOrDefault(p => p.Text("name") == portName).Number("port");
        return port is null
            ? []
            : subset.Items("addresses").OfType<JsonObject>().Select(a => (a, port.Value.ToString(CultureInfo.InvariantCulture)));
    }

    // Endpoints are written by users too, who must not reach by them what they cannot reach otherwise: only addresses of pods count.
    private async ValueTask<bool> IsPodAsync(ApiRequest request, JsonObject address)
    {
        if (address.Part("targetRef") is not { } reference || reference.Text("kind") != "Pod")
        {
            return false;
        }

        try
        {
            var pod = await ReadAsync(request, resources.Find("", "v1", "pods")!, reference.Text("name"));
            return pod.Part("status").Items("podIPs").OfType<JsonObject>().Any(ip => ip.Text("ip") == address.Text("ip"));
        }
        catch (ApiException e) when (e.Code == 404)
        {
            return false;
        }
    }

    private async ValueTask<ProxyTarget> FindNodeAsync(ApiRequest request, SchemeNamePort wanted)
    {
        var kubelet = await kubelets.FindAsync(wanted.Name, request.Cancellation);
        if (wanted.Port.Length == 0 || wanted.Port == kubelet.Port.ToString(CultureInfo.InvariantCulture))
        {
            return new ProxyTarget(BackendClients.UriOf(kubelet, "").GetLeftPart(UriPartial.Authority), kubelet);
        }

        return ProxyTarget.IsAllowed(kubelet.Host)
            ? ProxyTarget.At(wanted.Scheme, kubelet.Host, wanted.Port)
            : throw ApiErrors.BadRequest("address not allowed");
    }

    private async ValueTask<JsonObject> ReadAsync(ApiRequest request, ResourceType type, string name)
    {
        var stored = await reader.GetAsync(type, request.Namespace, name, null, request.Cancellation);
        return ApiJson.Parse(stored.Value.Span);
    }

    private static ApiException Unavailable(string message) => new(503, "ServiceUnavailable", message);
}

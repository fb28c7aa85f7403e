using System.Text.Json.Nodes;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;
using Etcdish.Streaming.Forwarding;

namespace Etcdish.ApiServer.Streaming;

/// <summary>The way from a request for a pod to its kubelet.</summary>
internal sealed class PodBackend(ObjectReader reader, KubeletDirectory kubelets, BackendClients clients)
{
    /// <exception cref="ApiException">There is no such pod.</exception>
    public async ValueTask<JsonObject> ReadPodAsync(ApiRequest request)
    {
        var stored = await reader.GetAsync(request.Type, request.Namespace, request.Name, null, request.Cancellation);
        return ApiJson.Parse(stored.Value.Span);
    }

    /// <summary>The name of a pod's node; empty if it has none yet.</summary>
    public static string NodeOf(JsonObject pod) => pod.Part("spec").Text("nodeName");

    /// <summary>Hands an upgrade on to the pod's kubelet.</summary>
    /// <exception cref="ApiException">It is no upgrade, or the kubelet cannot be reached.</exception>
    public async Task ForwardAsync(ApiRequest request, JsonObject pod, string pathAndQuery)
    {
        if (NodeOf(pod) is not { Length: > 0 } node)
        {
            throw ApiErrors.BadRequest($"pod {request.Name} does not have a host assigned");
        }

        var kubelet = await kubelets.FindAsync(node, request.Cancellation);
        if (!HttpForwarder.IsUpgrade(request.Http))
        {
            throw ApiErrors.BadRequest("Upgrade request required");
        }

        await HttpForwarder.ForwardAsync(
            request.Http,
            BackendClients.UriOf(kubelet, pathAndQuery),
            clients.Kubelets,
            new ForwardingRules(Unreachable, Refused) { Prepare = message => BackendClients.Address(message, kubelet) });
    }

    /// <summary>Asks the pod's kubelet.</summary>
    /// <exception cref="ApiException">It cannot be reached.</exception>
    public async Task<HttpResponseMessage> GetAsync(string node, string pathAndQuery, CancellationToken cancellation)
    {
        var kubelet = await kubelets.FindAsync(node, cancellation);
        using var request = new HttpRequestMessage(HttpMethod.Get, BackendClients.UriOf(kubelet, pathAndQuery));
        BackendClients.Address(request, kubelet);
        return await HttpForwarder.SendAsync(clients.Kubelets, request, Unreachable, cancellation);
    }

    /// <summary>What is told of an upgrade that was not granted.</summary>
    public static ApiException Refused(string why) => new(500, "InternalError", why);

    private static ApiException Unreachable(string why) => new(500, "InternalError", $"error dialing backend: {why}");
}

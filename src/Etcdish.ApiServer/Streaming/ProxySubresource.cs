using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Subresources;
using Etcdish.Streaming.Forwarding;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Etcdish.ApiServer.Streaming;

/// <summary>HTTP through the API server to pods, services and nodes: <c>…/NAME/proxy/PATH</c>.</summary>
internal sealed class ProxySubresource(ProxyTargets targets, BackendClients clients) : ISubresource
{
    // Segments of the path up to "proxy": api/v1/nodes/NAME/proxy, and with namespaces/NAMESPACE in it.
    private const int ClusterSegments = 5;
    private const int NamespacedSegments = 7;

    public string Name => "proxy";

    public async Task HandleAsync(ApiRequest request)
    {
        var http = request.Http;
        var segments = request.Namespace.Length > 0 ? NamespacedSegments : ClusterSegments;
        var (prefix, rest) = Split(http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget, segments);
        var target = await targets.FindAsync(request);
        if (rest.Length == 0 && http.Request.Method is "GET" or "HEAD" && !HttpForwarder.IsUpgrade(http))
        {
            // Links of a page without a path of its own would lead out of the proxy.
            http.Response.StatusCode = 301;
            http.Response.Headers.Location = $"{prefix}/{http.Request.QueryString}";
            return;
        }

        await HttpForwarder.ForwardAsync(
            http,
            new Uri($"{target.Origin}{(rest.Length > 0 ? rest : "/")}{http.Request.QueryString}"),
            target.Kubelet is null ? clients.Pods : clients.Kubelets,
            new ForwardingRules(Unreachable, PodBackend.Refused)
            {
                Prepare = message => Prepare(message, http, prefix + rest, target),
                Adapt = headers => RewriteLocation(headers, prefix, target),
            });
    }

    private static ApiException Unreachable(string why) => new(503, "ServiceUnavailable", $"error trying to reach service: {why}");

    private static void Prepare(HttpRequestMessage message, HttpContext http, string path, ProxyTarget target)
    {
        if (target.Kubelet is { } kubelet)
        {
            BackendClients.Address(message, kubelet);
        }

        message.Headers.TryAddWithoutValidation("X-Forwarded-Uri", path);
        message.Headers.TryAddWithoutValidation("X-Forwarded-Host", http.Request.Host.Value);
        message.Headers.TryAddWithoutValidation("X-Forwarded-Proto", http.Request.Scheme);
    }

    // A redirection within the target stays within the proxy.
    private static void RewriteLocation(IHeaderDictionary headers, string prefix, ProxyTarget target)
    {
        var location = headers.Location.ToString();
        if (location.StartsWith(target.Origin + "/", StringComparison.OrdinalIgnoreCase))
        {
            location = location[target.Origin.Length..];
        }

        if (location.StartsWith('/') && !location.StartsWith("//", StringComparison.Ordinal)
            && !location.StartsWith(prefix + "/", StringComparison.Ordinal))
        {
            headers.Location = prefix + location;
        }
    }

    /// <summary>Cuts a path, as the client wrote it, behind some segments.</summary>
    internal static (string Prefix, string Tail) Split(string rawTarget, int segments)
    {
        var path = rawTarget.Split('?')[0];
        var at = 0;
        for (var i = 0; i < segments && at >= 0; i++)
        {
            while (at < path.Length && path[at] == '/')
            {
                at++;
            }

            at = path.IndexOf('/', at);
        }

        return at < 0 ? (path, "") : (path[..at], path[at..]);
    }
}

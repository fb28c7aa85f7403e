using Etcdish.Server.Configuration;
using Etcdish.Server.Logging;
using Microsoft.AspNetCore.Http;

namespace Etcdish.Server.Http;

/// <summary>Which web pages may call the server (CORS), and by which names it may be called without TLS (against DNS rebinding).</summary>
internal sealed class AccessControl(ServerOptions options, ServerLog log)
{
    private readonly HashSet<string> _origins = [.. options.CorsOrigins];
    private readonly HashSet<string> _hosts = new(options.HostWhitelist, StringComparer.OrdinalIgnoreCase);

    /// <summary>Sets CORS headers and answers what needs no handler.</summary>
    /// <returns>False when the request is answered.</returns>
    public async ValueTask<bool> AdmitAsync(HttpContext context)
    {
        string host = context.Request.Host.Host;
        if (!context.Request.IsHttps && !IsKnownHost(host))
        {
            log.Warn("rejecting HTTP request to prevent DNS rebinding attacks", [new("host", host)]);
            context.Response.StatusCode = StatusCodes.Status421MisdirectedRequest;
            await context.Response.WriteAsync(
                $"The Host header {host} is not known here. Use TLS, or add the name: etcdish server --host-whitelist {host}\n",
                context.RequestAborted).ConfigureAwait(false);
            return false;
        }

        string origin = context.Request.Headers.Origin.ToString();
        if (_origins.Contains("*") || _origins.Contains(origin))
        {
            IHeaderDictionary headers = context.Response.Headers;
            headers.AccessControlAllowMethods = "POST, GET, OPTIONS, PUT, DELETE";
            headers.AccessControlAllowOrigin = _origins.Contains("*") ? "*" : origin;
            headers.AccessControlAllowHeaders = "accept, content-type, authorization";
        }

        return !HttpMethods.IsOptions(context.Request.Method);
    }

    private bool IsKnownHost(string host) => _hosts.Count == 0 || _hosts.Contains("*") || _hosts.Contains(host);
}

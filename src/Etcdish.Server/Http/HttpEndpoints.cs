using System.Text.Json;
using Etcdish.Server.Gateway;
using Etcdish.Server.Metrics;
using Microsoft.AspNetCore.Http;

namespace Etcdish.Server.Http;

/// <summary>All that the client port serves besides gRPC.</summary>
internal sealed class HttpEndpoints(AccessControl access, HealthEndpoints health, MetricRegistry metrics, JsonGateway? gateway)
{
    private const string CurrentGateway = "/v3/";
    private const string BetaGateway = "/v3beta/";

    /// <summary>Answers a request on a client URL.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        if (!await access.AdmitAsync(context).ConfigureAwait(false))
        {
            return;
        }

        string path = context.Request.Path.Value ?? "";
        if (path.StartsWith(BetaGateway, StringComparison.Ordinal))
        {
            path = CurrentGateway + path[BetaGateway.Length..];
            context.Request.Path = path;
        }

        if (gateway is null || !path.StartsWith(CurrentGateway, StringComparison.Ordinal))
        {
            await ObserveAsync(context).ConfigureAwait(false);
            return;
        }

        try
        {
            await gateway.HandleAsync(context).ConfigureAwait(false);
        }
        catch (Exception e) when (context.RequestAborted.IsCancellationRequested && e is OperationCanceledException or IOException)
        {
            // Who closes a watch's connection has had enough of it: nothing to tell.
        }
    }

    /// <summary>Answers a request on a metrics URL: metrics, health and version, but nothing that reads data.</summary>
    public async Task ObserveAsync(HttpContext context)
    {
        switch (context.Request.Path.Value)
        {
            case "/metrics":
                await ServeAsync(context, "text/plain; version=0.0.4; charset=utf-8", metrics.Collect).ConfigureAwait(false);
                break;
            case "/version":
                await ServeAsync(context, "application/json", () => JsonSerializer.Serialize(new Dictionary<string, string>
                {
                    ["etcdserver"] = ServerVersion.Api,
                    ["etcdcluster"] = ServerVersion.Cluster,
                    ["storage"] = ServerVersion.Cluster,
                })).ConfigureAwait(false);
                break;
            case "/debug/vars":
                await ServeAsync(context, "application/json; charset=utf-8", Variables).ConfigureAwait(false);
                break;
            default:
                if (!await health.TryHandleAsync(context).ConfigureAwait(false))
                {
                    context.Response.StatusCode = StatusCodes.Status404NotFound;
                    context.Response.ContentType = "text/plain; charset=utf-8";
                    await context.Response.WriteAsync("404 page not found\n", context.RequestAborted).ConfigureAwait(false);
                }

                break;
        }
    }

    private static string Variables() => JsonSerializer.Serialize(new Dictionary<string, object>
    {
        ["cmdline"] = Environment.GetCommandLineArgs(),
        ["memstats"] = new Dictionary<string, long>
        {
            ["heap_bytes"] = GC.GetTotalMemory(forceFullCollection: false),
            ["allocated_bytes"] = GC.GetTotalAllocatedBytes(),
            ["working_set_bytes"] = Environment.WorkingSet,
        },
    });

    private static Task ServeAsync(HttpContext context, string contentType, Func<string> body)
    {
        if (!HttpMethods.IsGet(context.Request.Method))
        {
            context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            context.Response.Headers.Allow = "GET";
            return context.Response.WriteAsync("Method Not Allowed\n", context.RequestAborted);
        }

        context.Response.ContentType = contentType;
        return context.Response.WriteAsync(body(), context.RequestAborted);
    }
}

using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Etcdish.Kubernetes.Objects;
using Microsoft.AspNetCore.Http;

namespace Etcdish.Network.Services;

/// <summary>
/// The health-check node ports: a load balancer asks each node there whether it has endpoints of its own, and sends connections only to
/// those that say yes (200, else 503).
/// </summary>
/// <param name="isHealthy">Whether the proxy keeps up; if not, the node gets no connections.</param>
/// <param name="warn">Is told of ports that are taken.</param>
internal sealed class ServiceHealthPorts(Func<bool> isHealthy, Action<string> warn) : IAsyncDisposable
{
    private readonly Dictionary<ServicePortKey, ServiceRoute> _routes = [];
    private readonly Dictionary<ObjectKey, Open> _open = [];
    private readonly ConcurrentDictionary<ObjectKey, int> _counts = [];

    /// <summary>Takes changes of routes: opens and closes ports.</summary>
    public async Task TakeAsync(IEnumerable<RouteChange> changes, CancellationToken cancellation)
    {
        SortedSet<(string Namespace, string Name)> touched = [];
        foreach (var (key, before, now) in changes)
        {
            _routes.Remove(key);
            if (now is { HealthCheckNodePort: > 0 })
            {
                _routes[key] = now;
            }

            if (before is { HealthCheckNodePort: > 0 } || now is { HealthCheckNodePort: > 0 })
            {
                touched.Add((key.Namespace, key.Service));
            }
        }

        foreach (var (ns, name) in touched)
        {
            await SetAsync(new ObjectKey(ns, name), cancellation);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var open in _open.Values)
        {
            await open.Server.DisposeAsync();
        }

        _open.Clear();
    }

    private async Task SetAsync(ObjectKey service, CancellationToken cancellation)
    {
        var (port, count) = (0, 0);
        foreach (var route in _routes.Values.Where(r => r.Key.Namespace == service.Namespace && r.Key.Service == service.Name))
        {
            (port, count) = (route.HealthCheckNodePort, Math.Max(count, route.ReadyOnThisNode));
        }

        _counts[service] = count;
        if (_open.TryGetValue(service, out var open) && open.Port != port)
        {
            _open.Remove(service);
            await open.Server.DisposeAsync();
        }

        if (port == 0)
        {
            _counts.TryRemove(service, out _);
        }
        else if (!_open.ContainsKey(service))
        {
            await OpenAsync(service, port, cancellation);
        }
    }

    private async Task OpenAsync(ObjectKey service, int port, CancellationToken cancellation)
    {
        try
        {
            var everywhere = new IPEndPoint(Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any, port);
            var server = await HealthPort.StartAsync(everywhere, http => AnswerAsync(http, service), cancellation);
            _open[service] = new Open(port, server);
        }
        catch (IOException e)
        {
            // The next change of the service tries again.
            warn($"the health-check port {port} of service {service} cannot be opened: {e.Message}");
        }
    }

    private Task AnswerAsync(HttpContext http, ObjectKey service)
    {
        var count = _counts.GetValueOrDefault(service);
        var isUp = isHealthy();
        http.Response.StatusCode = count > 0 && isUp ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        http.Response.ContentType = "application/json";
        http.Response.Headers.XContentTypeOptions = "nosniff";
        http.Response.Headers["X-Load-Balancing-Endpoint-Weight"] = count.ToString(System.Globalization.CultureInfo.InvariantCulture);
        var said = new JsonObject
        {
            ["service"] = new JsonObject { ["namespace"] = service.Namespace, ["name"] = service.Name },
            ["localEndpoints"] = count,
            ["serviceProxyHealthy"] = isUp,
        };
        return http.Response.WriteAsync(said.ToJsonString(), http.RequestAborted);
    }

    private sealed record Open(int Port, HealthPort Server);
}

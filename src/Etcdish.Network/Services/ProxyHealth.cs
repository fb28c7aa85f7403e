using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Etcdish.Network.Services;

/// <summary>
/// Whether a proxy keeps up with its cluster: it does unless something has waited for more than a minute to come into effect. May be asked
/// and told by many threads.
/// </summary>
/// <param name="clock">The clock.</param>
internal sealed class ProxyHealth(TimeProvider clock)
{
    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private DateTimeOffset _lastUpdated = clock.GetUtcNow();
    private DateTimeOffset? _waitsSince = clock.GetUtcNow();
    private bool _isNodeEligible = true;

    /// <summary>Whether it keeps up.</summary>
    public bool IsHealthy
    {
        get
        {
            lock (_lock)
            {
                return _waitsSince is not { } since || clock.GetUtcNow() - since < _patience;
            }
        }
    }

    /// <summary>Something is to come into effect.</summary>
    public void Waits()
    {
        lock (_lock)
        {
            _waitsSince ??= clock.GetUtcNow();
        }
    }

    /// <summary>All is in effect.</summary>
    public void IsDone()
    {
        lock (_lock)
        {
            (_lastUpdated, _waitsSince) = (clock.GetUtcNow(), null);
        }
    }

    /// <summary>Whether load balancers should send connections to the node: not when it is about to go.</summary>
    public void SetNode(bool isEligible)
    {
        lock (_lock)
        {
            _isNodeEligible = isEligible;
        }
    }

    /// <summary>Answers <c>/healthz</c> (should load balancers use this node?) and <c>/livez</c> (does the proxy live?).</summary>
    public Task AnswerAsync(HttpContext http)
    {
        var path = http.Request.Path.Value;
        if (path is not ("/healthz" or "/livez"))
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        }

        var isHealthy = IsHealthy;
        JsonObject said;
        lock (_lock)
        {
            isHealthy &= _isNodeEligible || path == "/livez";
            said = new JsonObject
            {
                ["lastUpdated"] = _lastUpdated.UtcDateTime.ToString("O"),
                ["currentTime"] = clock.GetUtcNow().UtcDateTime.ToString("O"),
                ["nodeEligible"] = _isNodeEligible,
            };
        }

        http.Response.StatusCode = isHealthy ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        http.Response.ContentType = "application/json";
        http.Response.Headers.XContentTypeOptions = "nosniff";
        return http.Response.WriteAsync(said.ToJsonString(), http.RequestAborted);
    }
}

using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using Etcdish.ApiServer.Storage;
using Etcdish.Kubernetes;
using Microsoft.AspNetCore.Http;

namespace Etcdish.ApiServer.Http;

/// <summary>Version and health: what roles let everybody see, as probes and clients without credentials need it.</summary>
internal sealed class PlainPaths(IObjectStore store)
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(2);

    private readonly byte[] _version = ApiJson.Write(new JsonObject
    {
        ["major"] = "1",
        ["minor"] = "35",
        ["emulationMajor"] = "1",
        ["emulationMinor"] = "35",
        ["minCompatibilityMajor"] = "1",
        ["minCompatibilityMinor"] = "34",
        ["gitVersion"] = ReleaseText.Version,
        ["gitCommit"] = "",
        ["gitTreeState"] = "clean",
        ["buildDate"] = "2026-01-01T00:00:00Z",
        ["goVersion"] = RuntimeInformation.FrameworkDescription,
        ["compiler"] = "roslyn",
        ["platform"] = RuntimeInformation.RuntimeIdentifier.Replace('-', '/'),
    });

    /// <summary>Answers the request, or says by null that the path is another's.</summary>
    public Task? TryHandle(HttpContext http)
    {
        var parts = (http.Request.Path.Value ?? "").Split('/', StringSplitOptions.RemoveEmptyEntries);
        return parts switch
        {
            ["version"] => ApiResponse.SendAsync(http, StatusCodes.Status200OK, _version),
            ["livez" or "readyz" or "healthz"] => HealthAsync(http, parts[0], only: null),
            ["livez" or "readyz" or "healthz", "ping" or "etcd"] => HealthAsync(http, parts[0], parts[1]),
            _ => null,
        };
    }

    private async Task HealthAsync(HttpContext http, string name, string? only)
    {
        var report = new StringBuilder();
        var failed = false;
        foreach (var check in (string[])["ping", "etcd"])
        {
            if (only is not null && check != only)
            {
                continue;
            }

            var error = check == "etcd" ? await StoreErrorAsync(http.RequestAborted) : null;
            failed |= error is not null;
            report.Append(error is null ? $"[+]{check} ok\n" : $"[-]{check} failed: {error}\n");
        }

        report.Append(failed ? $"{name} check failed\n" : $"{name} check passed\n");
        var body = failed || http.Request.Query.ContainsKey("verbose") ? report.ToString() : "ok";
        var status = failed ? StatusCodes.Status500InternalServerError : StatusCodes.Status200OK;
        http.Response.Headers.XContentTypeOptions = "nosniff";
        await ApiResponse.SendAsync(http, status, Encoding.UTF8.GetBytes(body), "text/plain; charset=utf-8");
    }

    private async Task<string?> StoreErrorAsync(CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(_patience);
        try
        {
            await store.GetRevisionAsync(limit.Token);
            return null;
        }
        catch (Exception e) when (e is StoreUnavailableException or OperationCanceledException && !cancellation.IsCancellationRequested)
        {
            return e is StoreUnavailableException ? e.Message : "the store does not answer";
        }
    }
}

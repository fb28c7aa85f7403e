using Etcdish.Kubelet.Logs;
using Etcdish.Kubelet.Runtime;
using Microsoft.AspNetCore.Http;

namespace Etcdish.Kubelet.Server;

/// <summary>Leads requests to what serves them. The paths are those of every kubelet.</summary>
internal sealed class KubeletRoutes(KubeletServerParts parts, RequestGuard? guard, LogReader reader, ContainerEnds ends)
{
    private static readonly HashSet<string> _counted =
    [
        "healthz", "pods", "runningpods", "containerLogs", "exec", "attach", "portForward", "run", "stats", "metrics", "configz", "logs",
    ];

    private readonly LogEndpoint _logs = new(parts, reader, ends);
    private readonly CommandEndpoints _commands = new(parts);
    private readonly PodListEndpoint _pods = new(parts);
    private readonly SummaryEndpoint _summary = new(parts);
    private readonly MetricsEndpoint _metrics = new(parts);
    private readonly ConfigEndpoint _config = new(parts.Options);

    /// <summary>Serves a request.</summary>
    public async Task ServeAsync(HttpContext http)
    {
        var path = (http.Request.Path.Value ?? "").Split('/')[1..];
        _metrics.Count(
            http.Request.Method is "GET" or "POST" ? http.Request.Method : "other", path.Length > 0 && _counted.Contains(path[0]) ? path[0] : "other");
        try
        {
            if (guard is null || await guard.AdmitAsync(http))
            {
                await RouteAsync(http, path);
            }
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // The client went away.
        }
        catch (RefusedException e)
        {
            await FailAsync(http, e.Status, e.Message);
        }
        catch (RuntimeException e)
        {
            await FailAsync(http, e.IsAbsent ? 404 : 500, e.Message);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or TimeoutException)
        {
            parts.Warn($"server: {http.Request.Method} {http.Request.Path}: {e.Message}");
            await FailAsync(http, 500, e.Message);
        }
    }

    private Task RouteAsync(HttpContext http, string[] path) => path switch
    {
        ["healthz", .. { Length: <= 1 }] => GetAsync(http, () => ServeHealthAsync(http)),
        ["pods"] or ["pods", ""] => GetAsync(http, () => _pods.ServeWantedAsync(http)),
        ["runningpods"] or ["runningpods", ""] => GetAsync(http, () => _pods.ServeRunningAsync(http)),
        ["containerLogs", var ns, var pod, var container] => GetAsync(http, () => _logs.ServeAsync(http, ns, pod, container)),
        ["stats", "summary"] => GetAsync(http, () => _summary.ServeAsync(http)),
        ["configz"] => GetAsync(http, () => _config.ServeAsync(http)),
        ["metrics"] => GetAsync(http, () => ServeMetricsAsync(http, "")),
        ["metrics", var which] => GetAsync(http, () => ServeMetricsAsync(http, which)),
        ["logs", ..] => Answer.TextAsync(http, 405, "logs endpoint is disabled.\n"),
        _ => RouteCommandAsync(http, path),
    };

    private Task RouteCommandAsync(HttpContext http, string[] path)
    {
        var isPost = http.Request.Method == "POST";
        return !isPost && http.Request.Method != "GET" ? NotAllowedAsync(http) : path switch
        {
            ["exec", .. var rest] when Read(rest) is { } container => _commands.ExecAsync(http, container),
            ["attach", .. var rest] when Read(rest) is { } container => _commands.AttachAsync(http, container),
            ["run", .. var rest] when Read(rest) is { } container => isPost ? _commands.RunAsync(http, container) : NotAllowedAsync(http),
            ["portForward", var ns, var pod] => _commands.ForwardAsync(http, ns, pod, ""),
            ["portForward", var ns, var pod, var uid] => _commands.ForwardAsync(http, ns, pod, uid),
            _ => NotFoundAsync(http),
        };
    }

    private static ContainerPath? Read(string[] path) => path switch
    {
        [var ns, var pod, var container] => new ContainerPath(ns, pod, "", container),
        [var ns, var pod, var uid, var container] => new ContainerPath(ns, pod, uid, container),
        _ => null,
    };

    private static async Task GetAsync(HttpContext http, Func<Task> serve)
    {
        if (await Answer.RequireGetAsync(http))
        {
            await serve();
        }
    }

    private async Task ServeMetricsAsync(HttpContext http, string which)
    {
        if (!await _metrics.TryServeAsync(http, which))
        {
            await NotFoundAsync(http);
        }
    }

    private Task ServeHealthAsync(HttpContext http)
    {
        var problem = parts.CheckHealth();
        return problem.Length == 0 ? Answer.TextAsync(http, 200, "ok") : Answer.TextAsync(http, 500, $"[-]syncloop failed: {problem}\n");
    }

    private static Task NotAllowedAsync(HttpContext http) => Answer.TextAsync(http, 405, "405: Method Not Allowed");

    private static Task NotFoundAsync(HttpContext http) => Answer.TextAsync(http, 404, "404: Page Not Found");

    /// <summary>Answers that it failed; an answer that has begun is cut off, so that nobody takes it for whole.</summary>
    private static Task FailAsync(HttpContext http, int status, string message)
    {
        if (!http.Response.HasStarted)
        {
            return Answer.TextAsync(http, status, message);
        }

        http.Abort();
        return Task.CompletedTask;
    }
}

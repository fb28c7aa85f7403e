using System.Text;
using System.Text.Json;
using Etcdish.Server.Logging;
using Etcdish.Server.Metrics;
using Microsoft.AspNetCore.Http;

namespace Etcdish.Server.Http;

/// <summary>/health for old probes, /livez and /readyz for kubelets; paths, query words and bodies are etcd's.</summary>
internal sealed class HealthEndpoints
{
    private readonly IServerState _state;
    private readonly TimeSpan _patience;
    private readonly ServerLog _log;
    private readonly HealthMetrics _metrics;
    private readonly (string Name, Func<CancellationToken, ValueTask<string?>> Run)[] _liveChecks;
    private readonly (string Name, Func<CancellationToken, ValueTask<string?>> Run)[] _readyChecks;

    public HealthEndpoints(IServerState state, TimeSpan patience, ServerLog log, HealthMetrics metrics)
    {
        _state = state;
        _patience = patience;
        _log = log;
        _metrics = metrics;
        _liveChecks = [("serializable_read", token => ReadAsync(serializable: true, token))];
        _readyChecks =
        [
            ("data_corruption", _ => new(
                _state.Alarms.Contains("CORRUPT") ? "alarm activated: CORRUPT"
                : _state.IsQuarantined ? "this member's data was damaged, and its group has not filled it again yet"
                : null)),
            ("serializable_read", token => ReadAsync(serializable: true, token)),
            ("linearizable_read", token => ReadAsync(serializable: false, token)),
            ("non_learner", _ => new(_state.IsLearner ? "not supported for learner" : null)),
        ];
    }

    /// <summary>Answers a request for a path under /health, /livez or /readyz; false when the path is not one of ours.</summary>
    public async ValueTask<bool> TryHandleAsync(HttpContext context)
    {
        string path = context.Request.Path.Value ?? "";
        string[] parts = path.Split('/', 3);
        if (parts.Length < 2 || parts[1] is not ("health" or "livez" or "readyz"))
        {
            return false;
        }

        var checks = parts[1] == "livez" ? _liveChecks : parts[1] == "readyz" ? _readyChecks : [];
        bool isSingle = parts.Length == 3;
        if (isSingle && !checks.Any(check => check.Name == parts[2]))
        {
            return false;
        }

        if (!HttpMethods.IsGet(context.Request.Method))
        {
            context.Response.Headers.Allow = "GET";
            await WriteAsync(context, StatusCodes.Status405MethodNotAllowed, "Method Not Allowed\n").ConfigureAwait(false);
            return true;
        }

        if (parts[1] == "health")
        {
            await HealthAsync(context).ConfigureAwait(false);
            return true;
        }

        string?[] excluded = isSingle ? [] : [.. context.Request.Query["exclude"]];
        await RunAsync(
            context,
            parts[1],
            checks.Where(check => isSingle ? check.Name == parts[2] : !excluded.Contains(check.Name))).ConfigureAwait(false);
        return true;
    }

    private static Task WriteAsync(HttpContext context, int status, string body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        return context.Response.WriteAsync(body, context.RequestAborted);
    }

    private async Task HealthAsync(HttpContext context)
    {
        bool serializable = context.Request.Query["serializable"] == "true";
        string reason = await ReasonAsync(context, serializable).ConfigureAwait(false);
        bool isHealthy = reason.Length == 0;
        string body = JsonSerializer.Serialize(new Dictionary<string, string>
        {
            ["health"] = isHealthy ? "true" : "false",
            ["reason"] = reason,
        });
        if (isHealthy)
        {
            _metrics.Succeeded.Increment();
            context.Response.ContentType = "text/plain; charset=utf-8";
            await context.Response.WriteAsync(body, context.RequestAborted).ConfigureAwait(false);
            return;
        }

        _metrics.Failed.Increment();
        _log.Warn("/health error", [new("output", body), new("status-code", StatusCodes.Status503ServiceUnavailable)]);
        await WriteAsync(context, StatusCodes.Status503ServiceUnavailable, body + "\n").ConfigureAwait(false);
    }

    private async ValueTask<string> ReasonAsync(HttpContext context, bool serializable)
    {
        string?[] excluded = [.. context.Request.Query["exclude"]];
        if (_state.Alarms.FirstOrDefault(alarm => !excluded.Contains(alarm)) is { } alarm)
        {
            return "ALARM " + alarm;
        }

        if (!serializable && !_state.HasLeader)
        {
            return "RAFT NO LEADER";
        }

        return await ReadAsync(serializable, context.RequestAborted).ConfigureAwait(false) is { } error ? "RANGE ERROR:" + error : "";
    }

    private async Task RunAsync(
        HttpContext context, string type, IEnumerable<(string Name, Func<CancellationToken, ValueTask<string?>> Run)> checks)
    {
        var report = new StringBuilder();
        bool failed = false;
        foreach (var check in checks)
        {
            string? error = await check.Run(context.RequestAborted).ConfigureAwait(false);
            failed |= error is not null;
            _metrics.Record(type, check.Name, error is null);
            report.Append(error is null ? $"[+]{check.Name} ok\n" : $"[-]{check.Name} failed: {error}\n");
        }

        if (failed)
        {
            _log.Error("Health check error", [new("path", context.Request.Path.Value), new("reason", report.ToString())]);
            await WriteAsync(context, StatusCodes.Status503ServiceUnavailable, report + "\n").ConfigureAwait(false);
            return;
        }

        string body = context.Request.Query.ContainsKey("verbose") ? report.Append("ok\n").ToString() : "ok\n";
        await WriteAsync(context, StatusCodes.Status200OK, body).ConfigureAwait(false);
    }

    private async ValueTask<string?> ReadAsync(bool serializable, CancellationToken aborted)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(aborted);
        limit.CancelAfter(_patience);
        try
        {
            await _state.CheckReadAsync(serializable, limit.Token).ConfigureAwait(false);
            return null;
        }
        catch (OperationCanceledException)
        {
            return "context deadline exceeded";
        }
        catch (Exception e) when (e is Store.EtcdException or Store.DamagedValueException or IOException or ObjectDisposedException)
        {
            return e.Message;
        }
    }
}

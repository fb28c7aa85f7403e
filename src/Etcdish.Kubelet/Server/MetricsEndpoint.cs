using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Etcdish.Kubelet.Runtime;
using Microsoft.AspNetCore.Http;

namespace Etcdish.Kubelet.Server;

/// <summary>Serves <c>/metrics</c> and what is below it.</summary>
internal sealed class MetricsEndpoint(KubeletServerParts parts)
{
    private readonly ConcurrentDictionary<(string Method, string Path), long> _requests = new();

    /// <summary>Counts a request, by the first word of its path.</summary>
    public void Count(string method, string path) => _requests.AddOrUpdate((method, path), 1, static (_, count) => count + 1);

    /// <summary>Serves a request; false: there is no such path.</summary>
    public async Task<bool> TryServeAsync(HttpContext http, string path)
    {
        var text = new MetricText();
        switch (path)
        {
            case "":
                await WriteOwnAsync(text, http.RequestAborted);
                break;
            case "resource":
                await WriteResourcesAsync(text, http.RequestAborted);
                break;
            case "cadvisor":
                var sample = await parts.Usage.LatestAsync(http.RequestAborted);
                CadvisorMetrics.Write(text, sample, (await parts.Runtime.ListAsync(http.RequestAborted)).Containers);
                break;
            case "probes":
                WriteStartTime(text);
                parts.AddProbeMetrics(text);
                break;
            default:
                return false;
        }

        http.Response.ContentType = MetricText.ContentType;
        await http.Response.WriteAsync(text.ToString(), http.RequestAborted);
        return true;
    }

    private async Task WriteResourcesAsync(MetricText text, CancellationToken cancellation)
    {
        try
        {
            ResourceMetrics.Write(text, await parts.Usage.LatestAsync(cancellation));
        }
        catch (Exception e) when (e is RuntimeException or IOException)
        {
            parts.Warn($"server: no figures of resources: {e.Message}");
            ResourceMetrics.Write(text, sample: null);
        }
    }

    private async Task WriteOwnAsync(MetricText text, CancellationToken cancellation)
    {
        var snapshot = await parts.Runtime.ListAsync(cancellation);
        text.Family("kubelet_node_name", "gauge", "The node's name. The count is always 1.");
        text.Sample("kubelet_node_name", 1, at: null, ("node", parts.Options.NodeName));
        text.Family("kubelet_running_containers", "gauge", "Number of containers currently running");
        foreach (var phase in Enum.GetValues<ContainerPhase>())
        {
            var name = phase.ToString().ToLower(CultureInfo.InvariantCulture);
            text.Sample("kubelet_running_containers", snapshot.Containers.Count(c => c.Phase == phase), at: null, ("container_state", name));
        }

        const string PodsHelp = "Number of pods that have a running pod sandbox";
        text.Single("kubelet_running_pods", "gauge", PodsHelp, snapshot.Sandboxes.Where(s => s.IsReady).DistinctBy(s => s.Pod).Count());
        text.Family("kubelet_http_requests_total", "counter", "Number of the http requests received since the server started");
        foreach (var ((method, path), count) in _requests.OrderBy(pair => pair.Key))
        {
            text.Sample("kubelet_http_requests_total", count, at: null, ("method", method), ("path", path));
        }

        WriteProcess(text);
        parts.AddMetrics(text);
    }

    private static void WriteProcess(MetricText text)
    {
        using var process = Process.GetCurrentProcess();
        const string CpuHelp = "Total user and system CPU time spent in seconds.";
        text.Single("process_cpu_seconds_total", "counter", CpuHelp, process.TotalProcessorTime.TotalSeconds);
        text.Single("process_resident_memory_bytes", "gauge", "Resident memory size in bytes.", process.WorkingSet64);
        WriteStartTime(text);
    }

    private static void WriteStartTime(MetricText text)
    {
        using var process = Process.GetCurrentProcess();
        var started = new DateTimeOffset(process.StartTime).ToUnixTimeMilliseconds() / 1000.0;
        text.Single("process_start_time_seconds", "gauge", "Start time of the process since unix epoch in seconds.", started);
    }
}

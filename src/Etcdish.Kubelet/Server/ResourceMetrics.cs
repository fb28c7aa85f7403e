namespace Etcdish.Kubelet.Server;

/// <summary>What <c>/metrics/resource</c> shows, by the names that metrics-server reads.</summary>
internal static class ResourceMetrics
{
    private const double Billion = 1e9;

    /// <summary>Writes the figures of a sample; null: there was none to be had.</summary>
    public static void Write(MetricText text, UsageSample? sample)
    {
        if (sample is not null)
        {
            WriteContainers(text, sample);
            WriteNode(text, sample.Node);
            WritePods(text, sample);
        }

        const string Help = "1 if there was an error while getting container metrics, 0 otherwise";
        text.Single("resource_scrape_error", "gauge", Help, sample is null ? 1 : 0);
        text.Single("scrape_error", "gauge", Help, sample is null ? 1 : 0);
    }

    private static void WriteNode(MetricText text, NodeUsage node)
    {
        text.Family("node_cpu_usage_seconds_total", "counter", "Cumulative cpu time consumed by the node in core-seconds");
        text.Sample("node_cpu_usage_seconds_total", node.CpuNanoseconds / Billion, node.At);
        text.Family("node_memory_working_set_bytes", "gauge", "Current working set of the node in bytes");
        text.Sample("node_memory_working_set_bytes", node.WorkingSetBytes, node.At);
        text.Family("node_swap_usage_bytes", "gauge", "Current swap usage of the node in bytes");
        text.Sample("node_swap_usage_bytes", node.SwapBytes, node.At);
    }

    private static void WriteContainers(MetricText text, UsageSample sample)
    {
        var containers = sample.Containers.Where(c => c.Usage.Container.Length > 0).Select(c => c.Usage).ToArray();
        text.Family("container_cpu_usage_seconds_total", "counter", "Cumulative cpu time consumed by the container in core-seconds");
        foreach (var c in containers)
        {
            text.Sample(
                "container_cpu_usage_seconds_total",
                c.CpuNanoseconds / Billion,
                c.At,
                ("container", c.Container),
                ("namespace", c.Pod.Namespace),
                ("pod", c.Pod.Name));
        }

        text.Family("container_memory_working_set_bytes", "gauge", "Current working set of the container in bytes");
        foreach (var c in containers)
        {
            text.Sample(
                "container_memory_working_set_bytes",
                c.WorkingSetBytes,
                c.At,
                ("container", c.Container),
                ("namespace", c.Pod.Namespace),
                ("pod", c.Pod.Name));
        }

        text.Family("container_start_time_seconds", "gauge", "Start time of the container since unix epoch in seconds");
        foreach (var c in containers.Where(c => c.StartedAt is not null))
        {
            text.Sample(
                "container_start_time_seconds",
                c.StartedAt!.Value.ToUnixTimeMilliseconds() / 1000.0,
                at: null,
                ("container", c.Container),
                ("namespace", c.Pod.Namespace),
                ("pod", c.Pod.Name));
        }
    }

    private static void WritePods(MetricText text, UsageSample sample)
    {
        var pods = sample.ByPod().Select(pod => pod.Total.Usage).ToArray();
        text.Family("pod_cpu_usage_seconds_total", "counter", "Cumulative cpu time consumed by the pod in core-seconds");
        foreach (var p in pods)
        {
            text.Sample("pod_cpu_usage_seconds_total", p.CpuNanoseconds / Billion, p.At, ("namespace", p.Pod.Namespace), ("pod", p.Pod.Name));
        }

        text.Family("pod_memory_working_set_bytes", "gauge", "Current working set of the pod in bytes");
        foreach (var p in pods)
        {
            text.Sample("pod_memory_working_set_bytes", p.WorkingSetBytes, p.At, ("namespace", p.Pod.Namespace), ("pod", p.Pod.Name));
        }
    }
}

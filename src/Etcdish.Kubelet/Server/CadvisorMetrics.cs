using Etcdish.Kubelet.Runtime;

namespace Etcdish.Kubelet.Server;

/// <summary>What <c>/metrics/cadvisor</c> shows: of cAdvisor's families those that dashboards and alerts are made of.</summary>
internal static class CadvisorMetrics
{
    private static readonly (string Name, string Type, string Help, Func<ContainerUsage, double> Read)[] _families =
    [
        ("container_cpu_usage_seconds_total", "counter", "Cumulative cpu time consumed in seconds.", c => c.CpuNanoseconds / 1e9),
        ("container_memory_usage_bytes", "gauge", "Current memory usage in bytes, including all memory.", c => c.MemoryBytes),
        ("container_memory_working_set_bytes", "gauge", "Current working set in bytes.", c => c.WorkingSetBytes),
        ("container_memory_rss", "gauge", "Size of RSS in bytes.", c => c.RssBytes),
        ("container_fs_usage_bytes", "gauge", "Number of bytes that are consumed by the container.", c => Math.Max(0, c.WritableBytes)),
        ("container_last_seen", "gauge", "Last time a container was seen by the exporter", c => c.At.ToUnixTimeSeconds()),
        ("container_start_time_seconds", "gauge", "Start time of the container since unix epoch in seconds.", StartTime),
    ];

    /// <summary>Writes the figures of a sample.</summary>
    public static void Write(MetricText text, UsageSample sample, IReadOnlyList<ContainerState> containers)
    {
        var running = containers
            .Where(c => c.Phase == ContainerPhase.Running)
            .GroupBy(c => (c.Pod.Uid, c.Name))
            .ToDictionary(group => group.Key, group => group.MaxBy(c => c.Attempt)!);
        foreach (var (name, type, help, read) in _families)
        {
            text.Family(name, type, help);
            foreach (var (usage, _) in sample.Containers)
            {
                var container = running.GetValueOrDefault((usage.Pod.Uid, usage.Container));
                text.Sample(
                    name,
                    read(usage),
                    usage.At,
                    ("container", usage.Container),
                    ("id", container?.Id ?? ""),
                    ("image", container?.Image ?? ""),
                    ("name", container?.Id ?? ""),
                    ("namespace", usage.Pod.Namespace),
                    ("pod", usage.Pod.Name));
            }
        }

        text.Single("machine_cpu_cores", "gauge", "Number of logical CPU cores.", Environment.ProcessorCount);
        text.Single("machine_memory_bytes", "gauge", "Amount of memory installed on the machine.", sample.Node.MemoryCapacityBytes);
    }

    private static double StartTime(ContainerUsage usage) => usage.StartedAt?.ToUnixTimeSeconds() ?? 0;
}

using System.Diagnostics;
using System.Globalization;

namespace Etcdish.Server.Metrics;

/// <summary>Memory, time and file descriptors of the process, under the names that every Prometheus client library uses.</summary>
internal static class ProcessMetrics
{
    private const string LimitsPath = "/proc/self/limits";
    private const string DescriptorsPath = "/proc/self/fd";

    /// <summary>Adds process_*, os_fd_* and the runtime's own figures.</summary>
    public static void Register(MetricRegistry registry)
    {
        registry.AddGauge("process_resident_memory_bytes", "Resident memory size in bytes.", () => Environment.WorkingSet);
        registry.AddGauge("process_virtual_memory_bytes", "Virtual memory size in bytes.", () => Read(process => process.VirtualMemorySize64));
        registry.AddCounter(
            "process_cpu_seconds_total",
            "Total user and system CPU time spent in seconds.",
            () => Environment.CpuUsage.TotalTime.TotalSeconds);
        double startSeconds = Read(process => new DateTimeOffset(process.StartTime.ToUniversalTime()).ToUnixTimeMilliseconds() / 1000.0);
        registry.AddGauge("process_start_time_seconds", "Start time of the process since unix epoch in seconds.", () => startSeconds);
        double limit = DescriptorLimit();
        registry.AddGauge("process_open_fds", "Number of open file descriptors.", OpenDescriptors);
        registry.AddGauge("process_max_fds", "Maximum number of open file descriptors.", () => limit);
        registry.AddGauge("os_fd_used", "The number of used file descriptors.", OpenDescriptors);
        registry.AddGauge("os_fd_limit", "The file descriptor limit.", () => limit);
        registry.AddGauge("dotnet_gc_heap_bytes", "Bytes on the managed heap.", () => GC.GetTotalMemory(forceFullCollection: false));
        registry.AddCounter("dotnet_gc_pause_seconds_total", "Time that garbage collections stopped the process.",
            () => GC.GetTotalPauseDuration().TotalSeconds);
        registry.AddFamily("dotnet_gc_collections_total", "counter", "Garbage collections by generation.", writer =>
        {
            for (int generation = 0; generation <= GC.MaxGeneration; generation++)
            {
                string label = MetricWriter.Labels(("generation", generation.ToString(CultureInfo.InvariantCulture)));
                writer.Sample("dotnet_gc_collections_total", label, GC.CollectionCount(generation));
            }
        });
        registry.AddGauge("dotnet_threadpool_threads", "Threads of the pool.", () => ThreadPool.ThreadCount);
        registry.AddGauge("dotnet_threadpool_queue_length", "Work items that wait for a thread.", () => ThreadPool.PendingWorkItemCount);
    }

    private static double Read(Func<Process, double> property)
    {
        using var process = Process.GetCurrentProcess();
        return property(process);
    }

    private static double OpenDescriptors() =>
        Directory.Exists(DescriptorsPath) ? Directory.EnumerateFileSystemEntries(DescriptorsPath).Count() : 0;

    private static double DescriptorLimit()
    {
        if (!File.Exists(LimitsPath))
        {
            return 0;
        }

        string? line = File.ReadLines(LimitsPath).FirstOrDefault(line => line.StartsWith("Max open files", StringComparison.Ordinal));
        string[] words = line?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];
        return words.Length > 3 && double.TryParse(words[3], NumberStyles.None, CultureInfo.InvariantCulture, out double limit) ? limit : 0;
    }
}

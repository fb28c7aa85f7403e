using System.Globalization;

namespace Etcdish.Kubelet.Server;

/// <summary>What the whole machine uses, by <c>/proc</c>.</summary>
internal sealed record NodeUsage
{
    private const long NanosecondsPerTick = 10_000_000;

    /// <summary>When it was read.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>When the machine was started.</summary>
    public DateTimeOffset StartedAt { get; init; }

    /// <summary>Time of all processors so far that was not idle, in ns.</summary>
    public long CpuNanoseconds { get; init; }

    /// <summary>All memory.</summary>
    public long MemoryCapacityBytes { get; init; }

    /// <summary>Memory in use, with caches.</summary>
    public long MemoryBytes { get; init; }

    /// <summary>Memory in use that cannot be taken away under pressure.</summary>
    public long WorkingSetBytes { get; init; }

    /// <summary>Memory of processes.</summary>
    public long RssBytes { get; init; }

    public long PageFaults { get; init; }

    public long MajorPageFaults { get; init; }

    public long SwapBytes { get; init; }

    public long SwapFreeBytes { get; init; }

    /// <summary>Traffic of the interfaces, without the loopback's.</summary>
    public IReadOnlyList<InterfaceUsage> Interfaces { get; init; } = [];

    /// <summary>Reads it.</summary>
    /// <param name="proc">The folder <c>/proc</c>.</param>
    /// <param name="now">When.</param>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static NodeUsage Read(string proc, DateTimeOffset now)
    {
        var stat = File.ReadAllLines(Path.Combine(proc, "stat"));
        var memory = ReadTable(Path.Combine(proc, "meminfo"));
        var events = ReadTable(Path.Combine(proc, "vmstat"));
        var used = (memory.GetValueOrDefault("MemTotal") - memory.GetValueOrDefault("MemFree")) * 1024;
        return new NodeUsage
        {
            At = now,
            StartedAt = DateTimeOffset.FromUnixTimeSeconds(ReadBootTime(stat)),
            CpuNanoseconds = ReadCpu(stat[0]),
            MemoryCapacityBytes = memory.GetValueOrDefault("MemTotal") * 1024,
            MemoryBytes = used,
            WorkingSetBytes = Math.Max(0, used - (memory.GetValueOrDefault("Inactive(file)") * 1024)),
            RssBytes = memory.GetValueOrDefault("AnonPages") * 1024,
            PageFaults = events.GetValueOrDefault("pgfault"),
            MajorPageFaults = events.GetValueOrDefault("pgmajfault"),
            SwapBytes = (memory.GetValueOrDefault("SwapTotal") - memory.GetValueOrDefault("SwapFree")) * 1024,
            SwapFreeBytes = memory.GetValueOrDefault("SwapFree") * 1024,
            Interfaces = ReadInterfaces(Path.Combine(proc, "net/dev")),
        };
    }

    // cpu user nice system idle iowait irq softirq steal ...: all but idle and iowait.
    private static long ReadCpu(string line)
    {
        var ticks = line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(8).Select(ParseLong).ToArray();
        return (ticks.Sum() - ticks[3] - ticks[4]) * NanosecondsPerTick;
    }

    private static long ReadBootTime(string[] stat) =>
        stat.Where(line => line.StartsWith("btime ", StringComparison.Ordinal)).Select(line => ParseLong(line[6..])).FirstOrDefault();

    private static Dictionary<string, long> ReadTable(string path)
    {
        Dictionary<string, long> table = [];
        foreach (var line in File.ReadLines(path))
        {
            if (line.Split([':', ' '], StringSplitOptions.RemoveEmptyEntries) is [var name, var value, ..])
            {
                table[name] = ParseLong(value);
            }
        }

        return table;
    }

    private static InterfaceUsage[] ReadInterfaces(string path) =>
    [
        .. File.ReadLines(path)
            .Skip(2)
            .Select(line => line.Split([':', ' '], StringSplitOptions.RemoveEmptyEntries))
            .Where(fields => fields.Length > 11 && fields[0] != "lo")
            .Select(f => new InterfaceUsage(f[0], ParseLong(f[1]), ParseLong(f[3]), ParseLong(f[9]), ParseLong(f[11]))),
    ];

    private static long ParseLong(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}

/// <summary>Traffic of an interface so far.</summary>
internal sealed record InterfaceUsage(string Name, long ReceivedBytes, long ReceiveErrors, long SentBytes, long SendErrors);

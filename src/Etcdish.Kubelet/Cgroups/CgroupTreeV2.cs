using System.Globalization;
using Etcdish.Kubelet.Nodes;

namespace Etcdish.Kubelet.Cgroups;

/// <summary>Control groups of version 2: one tree, in which a group says what those below it are given.</summary>
internal sealed class CgroupTreeV2(string root) : CgroupTree
{
    private static readonly string[] _wanted = ["cpu", "cpuset", "hugetlb", "io", "memory", "pids"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> Folders(string group) => [root + group];

    /// <inheritdoc/>
    public override void Make(string group)
    {
        var folder = root;
        foreach (var name in group.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            HandDown(folder);
            folder = Path.Combine(folder, name);
            Directory.CreateDirectory(folder);
        }

        // The runtime makes groups for containers below.
        HandDown(folder);
    }

    /// <inheritdoc/>
    public override void Apply(string group, GroupSettings settings)
    {
        var folder = root + group;
        Write(folder, "cpu.weight", Text(GroupSettings.Weight(settings.CpuShares), ""));
        Write(folder, "cpu.max", $"{Text(settings.CpuQuota, "max")} {GroupSettings.Period}");
        Write(folder, "memory.max", Text(settings.MemoryBytes, "max"));
    }

    /// <inheritdoc/>
    public override CgroupUsage? Read(string group)
    {
        var folder = root + group;
        if (Number(Path.Combine(folder, "memory.current")) is not { } used)
        {
            return null;
        }

        var cached = MemoryTable.Read(Path.Combine(folder, "memory.stat")).GetValueOrDefault("inactive_file");
        var kills = MemoryTable.Read(Path.Combine(folder, "memory.events")).GetValueOrDefault("oom_kill");
        var microseconds = MemoryTable.Read(Path.Combine(folder, "cpu.stat")).GetValueOrDefault("usage_usec");
        return new CgroupUsage(microseconds * 1_000, used, Math.Max(0, used - cached), kills);
    }

    private static string Text(long value, string unbounded) => value < 0 ? unbounded : value.ToString(CultureInfo.InvariantCulture);

    private static void HandDown(string folder)
    {
        var there = File.ReadAllText(Path.Combine(folder, "cgroup.controllers")).Split((char[])[' ', '\n']);
        var given = File.ReadAllText(Path.Combine(folder, "cgroup.subtree_control")).Split((char[])[' ', '\n']);
        foreach (var controller in _wanted.Intersect(there).Except(given))
        {
            Write(folder, "cgroup.subtree_control", "+" + controller);
        }
    }
}

using System.Globalization;
using Etcdish.Kubelet.Nodes;

namespace Etcdish.Kubelet.Cgroups;

/// <summary>Control groups of version 1: a tree for each controller.</summary>
internal sealed class CgroupTreeV1(string root) : CgroupTree
{
    // What is mounted twice under other names (cpu,cpuacct) is one tree, and making a directory again changes nothing.
    private readonly string[] _trees = [.. Directory.EnumerateDirectories(root)
        .Where(folder => File.Exists(Path.Combine(folder, "cgroup.procs")) && !File.Exists(Path.Combine(folder, "cgroup.controllers")))
        .Order(StringComparer.Ordinal)];

    /// <inheritdoc/>
    public override IReadOnlyList<string> Folders(string group) => Array.ConvertAll(_trees, tree => tree + group);

    /// <inheritdoc/>
    public override void Make(string group)
    {
        base.Make(group);
        MakeCpuset(group);
    }

    /// <inheritdoc/>
    public override void Apply(string group, GroupSettings settings)
    {
        var cpu = Path.Combine(root, "cpu") + group;
        Write(cpu, "cpu.shares", Text(settings.CpuShares));
        if (File.Exists(Path.Combine(cpu, "cpu.cfs_quota_us")))
        {
            Write(cpu, "cpu.cfs_period_us", Text(GroupSettings.Period));
            Write(cpu, "cpu.cfs_quota_us", Text(settings.CpuQuota));
        }

        Write(Path.Combine(root, "memory") + group, "memory.limit_in_bytes", Text(settings.MemoryBytes));
    }

    /// <inheritdoc/>
    public override CgroupUsage? Read(string group)
    {
        var memory = Path.Combine(root, "memory") + group;
        if (Number(Path.Combine(memory, "memory.usage_in_bytes")) is not { } used)
        {
            return null;
        }

        var cached = MemoryTable.Read(Path.Combine(memory, "memory.stat")).GetValueOrDefault("total_inactive_file");
        var kills = MemoryTable.Read(Path.Combine(memory, "memory.oom_control")).GetValueOrDefault("oom_kill");
        var cpu = Number(Path.Combine(root, "cpuacct") + group + "/cpuacct.usage") ?? 0;
        return new CgroupUsage(cpu, used, Math.Max(0, used - cached), kills);
    }

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>A new group of this controller may use nothing, and takes no process until it is told what.</summary>
    private void MakeCpuset(string group)
    {
        var folder = Path.Combine(root, "cpuset");
        if (!Directory.Exists(folder))
        {
            return;
        }

        foreach (var name in group.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            var above = folder;
            folder = Path.Combine(folder, name);
            foreach (var file in (string[])["cpuset.cpus", "cpuset.mems"])
            {
                if (File.ReadAllText(Path.Combine(folder, file)).Trim().Length == 0)
                {
                    Write(folder, file, File.ReadAllText(Path.Combine(above, file)).Trim());
                }
            }
        }
    }
}

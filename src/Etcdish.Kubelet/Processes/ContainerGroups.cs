using Etcdish.Kubelet.Cgroups;
using Etcdish.Kubelet.Runtime;

namespace Etcdish.Kubelet.Processes;

/// <summary>The control groups of containers, below those of their pods.</summary>
/// <param name="tree">The machine's groups; null: there are none.</param>
/// <param name="top">The group above those whose pod has none.</param>
internal sealed class ContainerGroups(CgroupTree? tree, string top)
{
    // With version 1 a process joins each controller by itself; those of devices, sets of processors and so on are left as they are.
    private static readonly string[] _joined = ["cpu", "cpuacct", "cpu,cpuacct", "memory", "pids"];

    /// <summary>The group that a container is to have; empty: none.</summary>
    public string Choose(string parent, string id) => tree is null ? "" : $"{(parent.Length > 0 ? parent : top)}/{id}";

    /// <summary>Makes a container's group with its limits.</summary>
    public void Make(string group, ResourceSettings resources)
    {
        if (group.Length == 0)
        {
            return;
        }

        tree!.Make(Path.GetDirectoryName(group)!);
        foreach (var folder in tree.Folders(group))
        {
            // A group of version 2 that has processes hands nothing down, so it is not made as those above.
            Directory.CreateDirectory(folder);
        }

        Apply(group, resources);
    }

    /// <summary>Gives it other limits.</summary>
    public void Apply(string group, ResourceSettings resources)
    {
        if (group.Length > 0)
        {
            var quota = resources.CpuQuota <= 0 ? -1
                : resources.CpuPeriod <= 0 ? resources.CpuQuota
                : resources.CpuQuota * GroupSettings.Period / resources.CpuPeriod;
            tree!.Apply(group, new GroupSettings(
                resources.CpuShares > 0 ? resources.CpuShares : GroupSettings.Shares(1000),
                quota,
                resources.MemoryLimitBytes > 0 ? resources.MemoryLimitBytes : -1));
        }
    }

    /// <summary>The files that take the number of a process that joins.</summary>
    public IReadOnlyList<string> JoinFiles(string group)
    {
        if (group.Length == 0)
        {
            return [];
        }

        var folders = tree!.Folders(group);
        return [.. folders
            .Where(folder => folders.Count == 1 || _joined.Contains(Path.GetFileName(folder[..^group.Length])))
            .Select(folder => Path.Combine(folder, "cgroup.procs"))];
    }

    /// <summary>The file that lists all processes; empty: there is none.</summary>
    public string ListFile(string group) => JoinFiles(group) is [.., var file] ? file : "";

    public IReadOnlyList<int> Processes(string group) => group.Length == 0 ? [] : tree!.Processes(group);

    public CgroupUsage? Read(string group) => group.Length == 0 ? null : tree?.Read(group);

    public bool TryRemove(string group) => group.Length == 0 || tree!.TryRemove(group);
}

using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Nodes;
using Etcdish.Kubelet.Pods;
using Etcdish.Kubelet.Runtime;

namespace Etcdish.Kubelet.Eviction;

/// <summary>Measures the machine and its pods.</summary>
/// <param name="runtime">Tells what containers use.</param>
/// <param name="machine">The machine.</param>
/// <param name="folders">Where pods' files are.</param>
/// <param name="root">The root of the file system that is read.</param>
internal sealed class NodeReadings(IContainerRuntime runtime, MachineFacts machine, PodFolders folders, string root = "/") : IPressureReadings
{
    /// <summary>The disk of pods' volumes and logs.</summary>
    public FileSystemSpace ReadNodeDisk() => FileSystemSpace.Read(folders.Root);

    /// <summary>The disk of images, which may be the same one.</summary>
    public async Task<FileSystemSpace> ReadImageDiskAsync(CancellationToken cancellation)
    {
        var disks = await runtime.Images.GetFileSystemsAsync(cancellation);
        return disks is [var first, ..] && Directory.Exists(first.MountPoint) ? FileSystemSpace.Read(first.MountPoint) : ReadNodeDisk();
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyDictionary<string, Observation>> ReadNodeAsync(CancellationToken cancellation)
    {
        var observed = new Dictionary<string, Observation>(StringComparer.Ordinal) { [EvictionThreshold.Memory] = ReadMemory() };
        AddDisk(observed, ReadNodeDisk(), EvictionThreshold.NodeDisk, EvictionThreshold.NodeInodes);
        AddDisk(observed, await ReadImageDiskAsync(cancellation), EvictionThreshold.ImageDisk, EvictionThreshold.ImageInodes);
        if (ReadProcesses() is { } processes)
        {
            observed[EvictionThreshold.Processes] = processes;
        }

        return observed;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyDictionary<string, PodUsage>> ReadPodsAsync(
        IReadOnlyList<PodManifest> pods, bool withDisk, CancellationToken cancellation)
    {
        var containers = (await runtime.ListUsageAsync(cancellation)).Where(usage => usage.Container.Length > 0).ToLookup(usage => usage.Pod.Uid);
        return pods.Where(pod => containers.Contains(pod.Uid)).ToDictionary(
            pod => pod.Uid,
            pod => new PodUsage
            {
                Memory = Sum(containers[pod.Uid], usage => usage.WorkingSetBytes),
                Disk = Sum(containers[pod.Uid], usage => Math.Max(0, usage.WritableBytes) + (withDisk ? LogBytes(usage) : 0)),
                Volumes = withDisk ? VolumeBytes(pod) : new Dictionary<string, long>(),
            },
            StringComparer.Ordinal);
    }

    private static void AddDisk(Dictionary<string, Observation> observed, FileSystemSpace disk, string bytes, string inodes)
    {
        observed[bytes] = new Observation(disk.AvailableBytes, disk.CapacityBytes);
        if (disk.Inodes > 0)
        {
            observed[inodes] = new Observation(disk.FreeInodes, disk.Inodes);
        }
    }

    private static Dictionary<string, long> Sum(IEnumerable<ContainerUsage> usages, Func<ContainerUsage, long> amount) =>
        usages.GroupBy(usage => usage.Container).ToDictionary(group => group.Key, group => group.Sum(amount), StringComparer.Ordinal);

    /// <summary>All memory but what cannot be taken away, by the root of the control groups where there is one: not what is called free.</summary>
    private Observation ReadMemory()
    {
        var groups = Path.Combine(root, "sys/fs/cgroup");
        var usage = Path.Combine(groups, "memory/memory.usage_in_bytes");
        long workingSet;
        if (File.Exists(usage) && long.TryParse(File.ReadAllText(usage), out var used))
        {
            workingSet = used - MemoryTable.Read(Path.Combine(groups, "memory/memory.stat")).GetValueOrDefault("total_inactive_file");
        }
        else
        {
            var memory = MemoryTable.Read(Path.Combine(root, "proc/meminfo"));
            var inactive = memory.GetValueOrDefault("Inactive(file)");
            workingSet = memory.GetValueOrDefault("MemTotal") - memory.GetValueOrDefault("MemFree") - inactive;
        }

        return new Observation(Math.Max(0, machine.MemoryBytes - Math.Max(0, workingSet)), machine.MemoryBytes);
    }

    private Observation? ReadProcesses()
    {
        var most = ReadNumber("proc/sys/kernel/pid_max");
        var threads = ReadNumber("proc/sys/kernel/threads-max");
        var load = Path.Combine(root, "proc/loadavg");

        // "0.10 0.20 0.30 2/345 6789": the fourth word is running and all.
        var words = File.Exists(load) ? File.ReadAllText(load).Split(' ') : [];
        return most is { } bound && words.Length > 3 && long.TryParse(words[3].Split('/')[^1], out var all)
            ? new Observation(Math.Min(bound, threads ?? bound) - all, Math.Min(bound, threads ?? bound))
            : null;
    }

    private long? ReadNumber(string file) =>
        File.Exists(Path.Combine(root, file)) && long.TryParse(File.ReadAllText(Path.Combine(root, file)), out var value) ? value : null;

    private long LogBytes(ContainerUsage usage) => FolderSize.Measure(Path.Combine(folders.Logs(usage.Pod), usage.Container));

    private Dictionary<string, long> VolumeBytes(PodManifest pod) => pod.Spec.Volumes
        .Where(volume => volume.EmptyDir is { Medium: "" })
        .ToDictionary(
            volume => volume.Name, volume => FolderSize.Measure(folders.Volume(pod.Uid, "empty-dir", volume.Name)), StringComparer.Ordinal);
}

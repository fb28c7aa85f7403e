using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Pods;
using Etcdish.Kubernetes;

namespace Etcdish.Kubelet.Volumes;

/// <summary>
/// Folders that live as long as their pods, on disk or in memory. That one is ready is noted in a file, so that what a pod has made of it
/// is never undone, and one that was left half made is finished.
/// </summary>
/// <param name="folders">Where they are.</param>
/// <param name="allocatable">What the node's pods may use, by resource.</param>
/// <param name="warn">Is told what is less than was asked for.</param>
internal sealed class EmptyDirs(PodFolders folders, Func<IReadOnlyDictionary<string, Quantity>> allocatable, Action<string> warn)
{
    private const string Plugin = "empty-dir";

    private bool _isDiskTold;

    /// <summary>Makes one, unless it is ready; its path.</summary>
    /// <exception cref="VolumeException">It cannot be as the pod says.</exception>
    /// <exception cref="IOException">It cannot be made.</exception>
    public string Ensure(PodManifest pod, string name, EmptyDirManifest wish)
    {
        var path = folders.Volume(pod.Uid, Plugin, name);
        var ready = Path.Combine(folders.Pod(pod.Uid), "plugins", "kubernetes.io~" + Plugin, name, "ready");
        var isInMemory = wish.Medium switch
        {
            "" => false,
            "Memory" => true,
            _ => throw new VolumeException("FailedMount", $"storage medium \"{wish.Medium}\" is not supported by this node"),
        };
        if (File.Exists(ready) && Directory.Exists(path) && (!isInMemory || MountTable.IsMounted(path) || !Environment.IsPrivilegedProcess))
        {
            return path;
        }

        Directory.CreateDirectory(path);
        File.SetUnixFileMode(path, (UnixFileMode)Modes.Everybody);
        if (isInMemory)
        {
            EnsureMemory(pod, path, wish.SizeLimit ?? default, isForDataOnly: false);
        }

        if (Environment.IsPrivilegedProcess && pod.Spec.SecurityContext.FsGroup is { } group)
        {
            using var folder = Folder.Open(path);
            FolderTree.GiveToGroup(folder, group, onRootMismatch: false);
        }

        Directory.CreateDirectory(Path.GetDirectoryName(ready)!);
        File.WriteAllBytes(ready, []);
        return path;
    }

    /// <summary>Mounts memory on a folder, unless it is mounted.</summary>
    public void EnsureMemory(PodManifest pod, string path, Quantity sizeLimit, bool isForDataOnly)
    {
        if (MountTable.IsMounted(path))
        {
            return;
        }

        if (!MountTable.TryMountMemory(path, SizeOf(pod, sizeLimit), isForDataOnly))
        {
            WarnOfDisk(pod, path);
        }
    }

    /// <summary>Where only root may mount it is so for every pod, and told once.</summary>
    private void WarnOfDisk(PodManifest pod, string path)
    {
        if (Environment.IsPrivilegedProcess)
        {
            warn($"pod {pod}: {path} is on disk and not in memory: this process may not mount");
        }
        else if (!Interlocked.Exchange(ref _isDiskTold, true))
        {
            warn("secrets and volumes in memory are on disk: only root may mount");
        }
    }

    /// <summary>What a pod may put into memory: the least of what it asks for, its limit and what the node has for pods; 0: not known.</summary>
    private long SizeOf(PodManifest pod, Quantity sizeLimit)
    {
        long[] limits = [allocatable().GetValueOrDefault("memory").Value, PodLimits.MemoryOf(pod), sizeLimit.Value];
        return limits.Where(limit => limit > 0).DefaultIfEmpty(0).Min();
    }
}

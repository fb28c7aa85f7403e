using System.Globalization;
using Etcdish.Kubelet.Pods;
using Microsoft.Win32.SafeHandles;

namespace Etcdish.Kubelet.Containers;

/// <summary>
/// Parts of volumes that containers see alone. Other containers may change a volume at any time, so a path in it is never followed twice:
/// it is opened once, by the kernel, which refuses to leave the volume, and what was opened is mounted below the pod's folder, where no
/// container can change what it is. The mounts go with the pod's folder.
/// </summary>
/// <param name="folders">Where pods' folders are.</param>
internal sealed class SubPaths(PodFolders folders)
{
    private const string Folder = "volume-subpaths";

    /// <summary>What a container is given for a part of a volume; a folder is made where there is nothing.</summary>
    /// <param name="volumePath">The volume, on the node.</param>
    /// <param name="subPath">The part.</param>
    /// <param name="place">Whose it is.</param>
    /// <exception cref="ContainerConfigException">It is not within the volume, or cannot be made; the message tells no more.</exception>
    public string Prepare(string volumePath, string subPath, SubPathPlace place)
    {
        Check(subPath);
        try
        {
            using var volume = LinuxPaths.OpenFolder(volumePath);
            using var found = OpenOrMake(volume, subPath, File.GetUnixFileMode(volume), place);
            return Mount(found, place);
        }
        catch (IOException)
        {
            throw Problem("prepare", place);
        }
    }

    private static void Check(string subPath)
    {
        if (subPath.StartsWith('/'))
        {
            throw new ContainerConfigException($"error SubPath `{subPath}` must not be an absolute path");
        }

        if (subPath.Split('/').Contains(".."))
        {
            throw new ContainerConfigException($"unable to provision SubPath `{subPath}`: must not contain '..'");
        }
    }

    private static SafeFileHandle OpenOrMake(SafeFileHandle volume, string subPath, UnixFileMode mode, SubPathPlace place)
    {
        var found = LinuxPaths.OpenWithin(volume, subPath, isFolder: false, out var errno);
        if (errno == LinuxPaths.Absent)
        {
            MakeFolders(volume, subPath, mode, place);
            found = LinuxPaths.OpenWithin(volume, subPath, isFolder: false, out errno);
        }

        return errno == 0 ? found : throw Problem("prepare", place);
    }

    /// <summary>Makes what is missing of a path, each folder with the rights of the volume.</summary>
    private static void MakeFolders(SafeFileHandle volume, string subPath, UnixFileMode mode, SubPathPlace place)
    {
        var path = "";
        foreach (var name in subPath.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            using var parent = LinuxPaths.OpenWithin(volume, path, isFolder: true, out var errno);
            path = path.Length == 0 ? name : $"{path}/{name}";
            errno = errno == 0 ? LinuxPaths.MakeFolder(parent, name, mode) : errno;
            if (errno == LinuxPaths.Exists)
            {
                continue;
            }

            using var made = errno == 0 ? LinuxPaths.OpenWithin(volume, path, isFolder: true, out errno) : null;
            if (errno != 0)
            {
                throw Problem("create", place);
            }

            // What the process's mask took away.
            File.SetUnixFileMode(made!, mode);
        }
    }

    private static ContainerConfigException Problem(string what, SubPathPlace place) => what == "create"
        ? new($"failed to create subPath directory for volumeMount \"{place.Mount}\" of container \"{place.Container}\"")
        : new($"failed to prepare subPath for volumeMount \"{place.Mount}\" of container \"{place.Container}\"");

    private string Mount(SafeFileHandle found, SubPathPlace place)
    {
        var target = Path.Combine(
            folders.Pod(place.Uid), Folder, place.Mount, place.Container, place.Index.ToString(CultureInfo.InvariantCulture));
        var real = new FileInfo(LinuxPaths.Describe(found)).LinkTarget!;

        // One of an earlier try of the container: what it leads to may be another thing by now.
        LinuxPaths.Unmount(target);
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        MakeTarget(target, Directory.Exists(LinuxPaths.Describe(found)));
        return LinuxPaths.BindMount(found, target) switch
        {
            0 => target,

            // Without the right to mount, containers are processes of this same user, from whom nothing of the node can be hidden.
            LinuxPaths.NotPermitted => real,
            var errno => throw LinuxPaths.Failure("mount of a sub path", errno),
        };
    }

    private static void MakeTarget(string target, bool isFolder)
    {
        if (isFolder)
        {
            File.Delete(target);
            Directory.CreateDirectory(target);
            return;
        }

        if (Directory.Exists(target))
        {
            Directory.Delete(target);
        }

        File.WriteAllBytes(target, []);
    }
}

/// <summary>Whose part of a volume something is.</summary>
/// <param name="Uid">The pod.</param>
/// <param name="Container">The container.</param>
/// <param name="Mount">The volume, as the pod names it.</param>
/// <param name="Index">Which of the container's mounts it is.</param>
internal readonly record struct SubPathPlace(string Uid, string Container, string Mount, int Index);

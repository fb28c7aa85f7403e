using System.Text.Json.Nodes;
using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Pods;

namespace Etcdish.Kubelet.Volumes;

/// <summary>Makes persistent volumes usable on this node: folders, local volumes, NFS and block devices.</summary>
/// <param name="folders">Where mounts go.</param>
/// <param name="clock">The clock.</param>
internal sealed class PersistentPlaces(PodFolders folders, TimeProvider clock)
{
    /// <summary>Sees to a volume.</summary>
    /// <param name="uid">The pod.</param>
    /// <param name="volume">The volume.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>Where it is, and whether it is to be given to the pod's group.</returns>
    /// <exception cref="VolumeException">It cannot be used here.</exception>
    /// <exception cref="IOException">It cannot be made.</exception>
    public async Task<(string Path, bool IsGroups)> EnsureAsync(string uid, ClaimedVolume volume, CancellationToken cancellation)
    {
        if (volume.Spec["hostPath"] is JsonObject host)
        {
            return (EnsureHostPath(volume, Text(host, "path"), Text(host, "type")), volume.IsFolderOfOurs);
        }

        if (volume.Spec["local"] is JsonObject local)
        {
            return (EnsureLocal(volume, Text(local, "path")), !volume.IsBlock);
        }

        if (volume.Spec["nfs"] is JsonObject nfs)
        {
            var source = new NfsManifest
            {
                Server = Text(nfs, "server"),
                Path = Text(nfs, "path"),
                ReadOnly = volume.ReadOnly || (nfs["readOnly"]?.GetValue<bool>() ?? false),
            };
            var path = folders.Volume(uid, "nfs", volume.Name);
            var options = (volume.Spec["mountOptions"] as JsonArray ?? []).Select(option => option!.GetValue<string>());
            await NfsMounts.EnsureAsync(source, options, path, clock, cancellation);
            return (path, false);
        }

        throw new VolumeException("FailedMount", volume.Spec["csi"] is JsonObject csi
            ? $"driver name {Text(csi, "driver")} not found in the list of registered CSI drivers: this node has none"
            : "no volume plugin matched: this node knows volumes of the kinds hostPath, local and nfs");
    }

    private static string EnsureHostPath(ClaimedVolume volume, string path, string type)
    {
        if (volume.IsBlock)
        {
            throw new VolumeException("FailedMapVolume", "a hostPath volume is no block device");
        }

        if (volume.IsFolderOfOurs && FileStatus.Of(path) is null)
        {
            MakeForEverybody(path);
        }

        HostPaths.Ensure(new HostPathManifest { Path = path, Type = type });
        return path;
    }

    /// <summary>Pods of whatever user may write in it, from the moment that it is there.</summary>
    private static void MakeForEverybody(string path)
    {
        var parent = Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(path))!;
        Directory.CreateDirectory(parent);
        var made = Path.Combine(parent, $".new-{Path.GetFileName(Path.TrimEndingDirectorySeparator(path))}");
        Directory.CreateDirectory(made);
        File.SetUnixFileMode(made, (UnixFileMode)Modes.Everybody);
        if (!Directory.Exists(path))
        {
            Directory.Move(made, path);
        }
    }

    private static string EnsureLocal(ClaimedVolume volume, string path)
    {
        if (path.Split('/').Contains(".."))
        {
            throw new VolumeException("FailedMount", $"invalid path: {path} must not contain '..'");
        }

        var there = FileStatus.Of(path)?.Type ?? throw new VolumeException("FailedMount", $"path \"{path}\" does not exist");
        return (volume.IsBlock, there) switch
        {
            (true, FileType.BlockDevice) or (false, FileType.Folder) => path,
            (true, _) => throw new VolumeException("FailedMapVolume", $"{path} is not a block device"),
            (false, FileType.BlockDevice) =>
                throw new VolumeException("FailedMount", $"{path} is a block device: this node mounts none; mount it and name the folder"),
            _ => throw new VolumeException("FailedMount", $"{path} is not a directory"),
        };
    }

    private static string Text(JsonObject value, string field) => value[field]?.GetValue<string>() ?? "";
}

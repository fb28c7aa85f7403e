using Etcdish.Kubelet.Kinds;

namespace Etcdish.Kubelet.Volumes;

/// <summary>Files and folders of the node that pods use: checks that they are what the pod says, and makes them where it says so.</summary>
internal static class HostPaths
{
    /// <summary>Sees to a path.</summary>
    /// <exception cref="VolumeException">It is not what the pod says.</exception>
    public static void Ensure(HostPathManifest wish)
    {
        var path = wish.Path;
        if (path.Split('/').Contains(".."))
        {
            throw Failure($"invalid HostPath `{path}`: must not contain '..'");
        }

        var there = FileStatus.Of(path)?.Type;
        switch (wish.Type)
        {
            case "" or "DirectoryOrCreate" when there is null:
                Directory.CreateDirectory(path);
                break;
            case "FileOrCreate" when there is null:
                File.Open(path, FileMode.OpenOrCreate).Dispose();
                break;
            case "":
                break;
            case "DirectoryOrCreate" or "Directory":
                Require(path, there, FileType.Folder, "directory");
                break;
            case "FileOrCreate" or "File":
                Require(path, there, FileType.File, "file");
                break;
            case "Socket":
                Require(path, there, FileType.Socket, "socket file");
                break;
            case "CharDevice":
                Require(path, there, FileType.CharDevice, "character device");
                break;
            case "BlockDevice":
                Require(path, there, FileType.BlockDevice, "block device");
                break;
            default:
                throw Failure($"{wish.Type} is an invalid volume type");
        }
    }

    private static void Require(string path, FileType? there, FileType wanted, string description)
    {
        if (there is null)
        {
            throw Failure($"hostPath {path} doesn't exist");
        }

        if (there == FileType.Pipe)
        {
            throw Failure(
                $"hostPath type check failed, {path} is not a {description}, unable to determine its type: "
                + "only recognise file, directory, socket, block device and character device");
        }

        if (there != wanted)
        {
            throw Failure($"hostPath type check failed: {path} is not a {description}, it's a {NameOf(there.Value)}");
        }
    }

    private static string NameOf(FileType type) => type switch
    {
        FileType.Folder => "Directory",
        FileType.CharDevice => "CharDevice",
        FileType.BlockDevice => "BlockDevice",
        FileType.Socket => "Socket",
        _ => "File",
    };

    private static VolumeException Failure(string problem) => new("FailedMount", problem);
}

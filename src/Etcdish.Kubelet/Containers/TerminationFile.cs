using Etcdish.Kubelet.Pods;

namespace Etcdish.Kubelet.Containers;

/// <summary>The file in which a container leaves a last word.</summary>
internal static class TerminationFile
{
    private const UnixFileMode ForAll = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    /// <summary>Makes the file of one try of a container, empty and for everybody, since nobody knows as whom the container runs.</summary>
    public static string Create(PodFolders folders, string uid, string container, int attempt)
    {
        var path = folders.TerminationMessage(uid, container, attempt);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, []);
        File.SetUnixFileMode(path, ForAll);
        return path;
    }
}

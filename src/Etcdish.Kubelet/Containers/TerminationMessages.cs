using System.Globalization;
using System.Text;
using Etcdish.Kubelet.Pods;

namespace Etcdish.Kubelet.Containers;

/// <summary>The files in which containers leave a last word.</summary>
internal static class TerminationMessages
{
    /// <summary>No message is longer, in bytes; of a longer one this much counts.</summary>
    public const int MaxBytes = 4096;

    private const UnixFileMode ForAll = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    /// <summary>The file of one try of a container.</summary>
    public static string PathOf(PodFolders folders, string uid, string container, int attempt) =>
        Path.Combine(folders.Container(uid, container), attempt.ToString("x8", CultureInfo.InvariantCulture));

    /// <summary>Makes the file, empty and for everybody, since nobody knows as whom the container runs.</summary>
    public static string Create(PodFolders folders, string uid, string container, int attempt)
    {
        var path = PathOf(folders, uid, container, attempt);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, []);
        File.SetUnixFileMode(path, ForAll);
        return path;
    }

    /// <summary>What a container left; empty: nothing.</summary>
    public static string Read(PodFolders folders, string uid, string container, int attempt)
    {
        try
        {
            using var file = File.OpenRead(PathOf(folders, uid, container, attempt));
            var bytes = new byte[MaxBytes];
            return Encoding.UTF8.GetString(bytes, 0, file.ReadAtLeast(bytes, MaxBytes, throwOnEndOfStream: false));
        }
        catch (IOException)
        {
            // It was made without one, or is gone with its pod.
            return "";
        }
    }
}

using System.Text;

namespace Etcdish.Kubelet.Volumes;

/// <summary>What is mounted in this process's view of the machine, and mounting of memory.</summary>
internal static class MountTable
{
    private const string File = "/proc/self/mountinfo";
    private const int MountPointField = 4;

    /// <summary>All points of mounts at or below a path, those mounted last first.</summary>
    public static IReadOnlyList<string> ListBelow(string path)
    {
        List<string> points = [];
        foreach (var line in System.IO.File.ReadLines(File))
        {
            var point = Unescape(line.Split(' ', MountPointField + 2)[MountPointField]);
            if (point == path || (point.StartsWith(path, StringComparison.Ordinal) && point[path.Length] == '/'))
            {
                points.Add(point);
            }
        }

        points.Reverse();
        return points;
    }

    /// <summary>Whether something is mounted just there.</summary>
    public static bool IsMounted(string path) => ListBelow(path).Contains(path);

    /// <summary>Unmounts all at or below a path; what was mounted there is not touched.</summary>
    /// <exception cref="IOException">One is in use.</exception>
    public static void UnmountBelow(string path)
    {
        foreach (var point in ListBelow(path))
        {
            if (Libc.Unmount(point, Libc.UnmountNoFollow) != 0
                && System.Runtime.InteropServices.Marshal.GetLastPInvokeError() is not (Libc.ErrorInvalid or Libc.ErrorAbsent) and var errno)
            {
                throw Libc.Failure($"unmount of {point}", errno);
            }
        }
    }

    /// <summary>Mounts a file system of memory on a folder.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="maxBytes">Its size; 0: half of the machine's memory.</param>
    /// <param name="isForDataOnly">Whether programs and devices in it are of no use.</param>
    /// <returns>Whether this process may mount.</returns>
    /// <exception cref="IOException">It cannot be mounted.</exception>
    public static bool TryMountMemory(string path, long maxBytes, bool isForDataOnly)
    {
        var flags = isForDataOnly ? Libc.MountNoSuid | Libc.MountNoDevices | Libc.MountNoExecution : 0;
        if (Libc.Mount("tmpfs", path, "tmpfs", flags, maxBytes > 0 ? $"size={maxBytes}" : "") == 0)
        {
            return true;
        }

        var errno = System.Runtime.InteropServices.Marshal.GetLastPInvokeError();
        return errno is Libc.ErrorNotPermitted or Libc.ErrorAccess ? false : throw Libc.Failure($"mount of tmpfs on {path}", errno);
    }

    /// <summary>Blanks, tabs, ends of lines and backslashes are written as three octal digits.</summary>
    private static string Unescape(string field)
    {
        if (!field.Contains('\\'))
        {
            return field;
        }

        var text = new StringBuilder(field.Length);
        for (var i = 0; i < field.Length; i++)
        {
            if (field[i] == '\\' && i + 3 < field.Length)
            {
                text.Append((char)Convert.ToInt32(field.Substring(i + 1, 3), 8));
                i += 3;
            }
            else
            {
                text.Append(field[i]);
            }
        }

        return text.ToString();
    }
}

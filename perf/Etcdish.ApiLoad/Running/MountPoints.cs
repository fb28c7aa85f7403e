using System.Diagnostics;

namespace Etcdish.ApiLoad.Running;

/// <summary>What is mounted on this machine: pods have file systems of memory in the folder of their kubelet.</summary>
internal static class MountPoints
{
    private const int PointField = 4;

    /// <summary>Takes away all that is mounted below a folder, the last first, also what is still in use.</summary>
    /// <exception cref="IOException">Something cannot be taken away.</exception>
    public static void DetachBelow(string folder)
    {
        string prefix = Path.GetFullPath(folder).TrimEnd('/') + "/";
        string[] points =
        [
            .. File.ReadLines("/proc/self/mountinfo")
                .Select(line => line.Split(' ')[PointField])
                .Where(point => point.StartsWith(prefix, StringComparison.Ordinal)),
        ];
        foreach (string point in points.Reverse())
        {
            using Process umount = Process.Start("umount", ["--lazy", point]);
            umount.WaitForExit();
            if (umount.ExitCode != 0)
            {
                throw new IOException($"{point} is still mounted: umount ended with {umount.ExitCode}");
            }
        }
    }
}

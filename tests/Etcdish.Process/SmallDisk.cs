using Etcdish.Testing;

namespace Etcdish.Process;

/// <summary>A file system in memory with a file that takes all of its free space.</summary>
internal sealed class SmallDisk : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static SmallDisk Mount(int megabytes)
    {
        var disk = new SmallDisk();
        using ChildProcess mount = ChildProcess.Start(
            "mount", ["-t", "tmpfs", "-o", $"size={megabytes}m", "none", disk._folder.FullPath]);
        if (mount.WaitForExit(TimeSpan.FromSeconds(10)) != 0)
        {
            disk._folder.Dispose();
            Tools.Missing($"a small disk needs the right to mount: {mount.StandardError.Text}");
        }

        return disk;
    }

    public string File(string name) => _folder.File(name);

    public void Fill()
    {
        using var filler = new FileStream(File("filler"), FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        byte[] block = new byte[64 * 1024];
        try
        {
            while (true)
                filler.Write(block);
        }
        catch (IOException)
        {
            // Full, as wanted.
        }
    }

    public void Free() => System.IO.File.Delete(File("filler"));

    public void Dispose()
    {
        using (ChildProcess unmount = ChildProcess.Start("umount", ["-l", _folder.FullPath]))
            unmount.WaitForExit(TimeSpan.FromSeconds(10));
        _folder.Dispose();
    }
}

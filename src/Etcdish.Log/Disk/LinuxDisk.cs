using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Etcdish.Log;

/// <summary>The file system of this machine. Linux only: what fdatasync promises is the ground that the log stands on.</summary>
public sealed class LinuxDisk : IDisk
{
    private const string LockName = "LOCK";

    private LinuxDisk()
    {
    }

    /// <summary>The one instance; it has no state.</summary>
    public static LinuxDisk Instance { get; } = new();

    /// <inheritdoc/>
    public void CreateDirectory(string directory)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new PlatformNotSupportedException("the log's durability rests on Linux system calls");
        }

        if (Directory.Exists(directory))
        {
            return;
        }

        Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        if (Path.GetDirectoryName(Path.GetFullPath(directory)) is { Length: > 0 } parent)
        {
            SyncDirectory(parent);
        }
    }

    /// <inheritdoc/>
    public IDisposable LockDirectory(string directory)
    {
        var path = Path.Combine(directory, LockName);

        // Not File.OpenHandle: it takes an advisory lock of its own, and reports a conflict with ours as a sharing violation.
        SafeFileHandle handle = OpenDescriptor(path, Libc.ReadWriteCreateCloseOnExec);
        while (Libc.Flock(handle, Libc.LockExclusiveNonBlocking) != 0)
        {
            var errno = Marshal.GetLastPInvokeError();
            if (errno == Libc.ErrorInterrupted)
            {
                continue;
            }

            handle.Dispose();
            throw errno == Libc.ErrorWouldBlock ? new LogLockedException(directory) : Libc.Error("flock", path, errno);
        }

        return handle;
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> List(string directory)
    {
        var names = Directory.GetFiles(directory).Select(path => Path.GetFileName(path)).Where(name => name != LockName).ToArray();
        Array.Sort(names, StringComparer.Ordinal);
        return names;
    }

    /// <inheritdoc/>
    public IDiskFile Create(string path) => OpenFile(path, FileMode.CreateNew);

    /// <inheritdoc/>
    public IDiskFile Open(string path) => OpenFile(path, FileMode.Open);

    /// <inheritdoc/>
    public void Rename(string from, string to) => File.Move(from, to, overwrite: true);

    /// <inheritdoc/>
    public void Delete(string path) => File.Delete(path);

    /// <inheritdoc/>
    public void SyncDirectory(string directory)
    {
        using SafeFileHandle handle = OpenDescriptor(directory, Libc.ReadOnlyCloseOnExec);
        if (Libc.Fsync(handle) != 0)
        {
            var errno = Marshal.GetLastPInvokeError();
            throw new IOException($"fsync of {directory} failed: {Marshal.GetPInvokeErrorMessage(errno)} (errno {errno})", errno);
        }
    }

    /// <inheritdoc/>
    public long FreeBytes(string directory) => new DriveInfo(directory).AvailableFreeSpace;

    private static SafeFileHandle OpenDescriptor(string path, int flags)
    {
        var descriptor = Libc.Open(path, flags, Libc.OwnerOnlyMode);
        return descriptor >= 0
            ? new SafeFileHandle(descriptor, ownsHandle: true)
            : throw Libc.Error("open", path, Marshal.GetLastPInvokeError());
    }

    private static LinuxFile OpenFile(string path, FileMode mode)
    {
        try
        {
            return new LinuxFile(path, File.OpenHandle(path, mode, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete));
        }
        catch (IOException e) when (Libc.IsNoSpace(e.HResult))
        {
            throw new DiskFullException($"no space to create {path}", e);
        }
    }
}

using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Etcdish.Log;

/// <summary>
/// The few calls that the base class library lacks or gets wrong. On .NET 10.0.12 <c>FileStream.Flush(true)</c> and
/// <c>RandomAccess.FlushToDisk</c> return normally when fsync fails, a folder cannot be opened for fsync at all, and there is no fdatasync.
/// </summary>
internal static partial class Libc
{
    internal const int ReadOnlyCloseOnExec = 0x80000;
    internal const int ReadWriteCreateCloseOnExec = 2 | 0x40 | 0x80000;
    internal const int OwnerOnlyMode = 0x180;
    internal const int LockExclusiveNonBlocking = 2 | 4;
    internal const int AdviseWillNeed = 3;
    internal const int AdviseDontNeed = 4;
    internal const int ErrorInterrupted = 4;
    internal const int ErrorWouldBlock = 11;
    internal const int ErrorNoSpace = 28;
    internal const int ErrorNotSupported = 95;
    internal const int ErrorQuota = 122;

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    internal static partial int Fsync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    internal static partial int Fdatasync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    internal static partial int Flock(SafeFileHandle file, int operation);

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    internal static partial int Fallocate(SafeFileHandle file, int mode, long offset, long length);

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    internal static partial int PosixFadvise(SafeFileHandle file, long offset, long length, int advice);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Open(string path, int flags, int mode);

    /// <summary>The exception for an errno that <paramref name="call"/> left behind.</summary>
    internal static IOException Error(string call, string path, int errno)
    {
        var message = $"{call} of {path} failed: {Marshal.GetPInvokeErrorMessage(errno)} (errno {errno})";
        return IsNoSpace(errno) ? new DiskFullException(message, cause: null) : new IOException(message, errno);
    }

    internal static bool IsNoSpace(int errno) => errno is ErrorNoSpace or ErrorQuota;
}

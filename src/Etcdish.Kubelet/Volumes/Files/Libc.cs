using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Etcdish.Kubelet.Volumes;

/// <summary>
/// Calls of Linux that the base class library lacks: those that name a file by an open folder and never follow links, and mounts.
/// Names end with a zero.
/// </summary>
internal static unsafe partial class Libc
{
    public const int ErrorNotPermitted = 1;
    public const int ErrorAbsent = 2;
    public const int ErrorAccess = 13;
    public const int ErrorBusy = 16;
    public const int ErrorExists = 17;
    public const int ErrorNotFolder = 20;
    public const int ErrorInvalid = 22;
    public const int ErrorLoop = 40;

    public const int CurrentFolder = -100;
    public const int OpenFolder = 0x10000 | NoFollow | CloseOnExec;
    public const int OpenPathOnly = 0x200000 | NoFollow | CloseOnExec;
    public const int OpenRead = 0x800 | NoFollow | CloseOnExec;
    public const int OpenNew = 1 | 0x40 | 0x80 | NoFollow | CloseOnExec;
    public const int AtNoFollow = 0x100;
    public const int AtRemoveFolder = 0x200;
    public const int AtEmptyPath = 0x1000;

    public const ulong MountNoSuid = 2;
    public const ulong MountNoDevices = 4;
    public const ulong MountNoExecution = 8;
    public const int UnmountNoFollow = 8;

    private const int NoFollow = 0x20000;
    private const int CloseOnExec = 0x80000;

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true)]
    public static partial int OpenAt(int folder, byte* name, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true)]
    public static partial int OpenAt(SafeFileHandle folder, byte* name, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "mkdirat", SetLastError = true)]
    public static partial int MakeFolderAt(SafeFileHandle folder, byte* name, uint mode);

    [LibraryImport("libc", EntryPoint = "symlinkat", SetLastError = true)]
    public static partial int LinkAt(byte* target, SafeFileHandle folder, byte* name);

    [LibraryImport("libc", EntryPoint = "readlinkat", SetLastError = true)]
    public static partial nint ReadLinkAt(SafeFileHandle folder, byte* name, byte* buffer, nint size);

    [LibraryImport("libc", EntryPoint = "renameat", SetLastError = true)]
    public static partial int RenameAt(SafeFileHandle folder, byte* name, SafeFileHandle newFolder, byte* newName);

    [LibraryImport("libc", EntryPoint = "unlinkat", SetLastError = true)]
    public static partial int UnlinkAt(SafeFileHandle folder, byte* name, int flags);

    [LibraryImport("libc", EntryPoint = "fchownat", SetLastError = true)]
    public static partial int ChangeOwnerAt(SafeFileHandle folder, byte* name, uint uid, uint gid, int flags);

    [LibraryImport("libc", EntryPoint = "fchmod", SetLastError = true)]
    public static partial int ChangeMode(SafeFileHandle file, uint mode);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true)]
    public static partial int StatusAt(SafeFileHandle folder, byte* name, int flags, uint mask, RawStatus* status);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true)]
    public static partial int StatusAt(int folder, byte* name, int flags, uint mask, RawStatus* status);

    [LibraryImport("libc", EntryPoint = "getdents64", SetLastError = true)]
    public static partial nint ReadFolder(SafeFileHandle folder, byte* buffer, nint size);

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    public static partial long Seek(SafeFileHandle file, long offset, int whence);

    [LibraryImport("libc", EntryPoint = "mount", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Mount(string source, string target, string type, ulong flags, string options);

    [LibraryImport("libc", EntryPoint = "umount2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Unmount(string target, int flags);

    /// <summary>The failure of the call just made.</summary>
    public static IOException Failure(string what) => Failure(what, Marshal.GetLastPInvokeError());

    /// <summary>The failure of a call, by its errno, which is the exception's HResult.</summary>
    public static IOException Failure(string what, int errno) => new($"{what}: {Marshal.GetPInvokeErrorMessage(errno)}", errno);

    /// <summary>struct statx of the kernel, as far as it is read; 256 bytes.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    public struct RawStatus
    {
        [FieldOffset(8)]
        public ulong Attributes;

        [FieldOffset(16)]
        public uint Links;

        [FieldOffset(20)]
        public uint Uid;

        [FieldOffset(24)]
        public uint Gid;

        [FieldOffset(28)]
        public ushort Mode;

        [FieldOffset(32)]
        public ulong Inode;

        [FieldOffset(48)]
        public ulong Blocks;

        [FieldOffset(136)]
        public uint DeviceMajor;

        [FieldOffset(140)]
        public uint DeviceMinor;

        [FieldOffset(144)]
        public ulong MountId;
    }
}

using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Etcdish.Kubelet.Containers;

/// <summary>Calls of Linux by which a path is followed within a folder and never out of it, and what was found is mounted.</summary>
internal static partial class LinuxPaths
{
    /// <summary>errno: not permitted.</summary>
    public const int NotPermitted = 1;

    /// <summary>errno: there is no such file or directory.</summary>
    public const int Absent = 2;

    /// <summary>errno: it is there already.</summary>
    public const int Exists = 17;

    private const long OpenAt2 = 437;
    private const ulong PathOnly = 0x200000;
    private const ulong CloseOnExec = 0x80000;
    private const ulong DirectoryOnly = 0x10000;
    private const ulong NoMagicLinks = 0x02;
    private const ulong Beneath = 0x08;
    private const ulong Bind = 4096;
    private const ulong Recursive = 16384;
    private const int Detach = 2;
    private const int NoFollow = 8;

    /// <summary>Opens what a relative path leads to, links included, if that is within the folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="path">The path; empty: the folder itself.</param>
    /// <param name="isFolder">Whether it must be a folder, opened for reading; else it can be anything, and is only named.</param>
    /// <param name="errno">Why it could not be opened; 0: it was.</param>
    public static unsafe SafeFileHandle OpenWithin(SafeFileHandle folder, string path, bool isFolder, out int errno)
    {
        var how = new OpenHow { Flags = CloseOnExec | (isFolder ? DirectoryOnly : PathOnly), Resolve = Beneath | NoMagicLinks };
        var name = Marshal.StringToCoTaskMemUTF8(path.Length == 0 ? "." : path);
        try
        {
            var number = SystemCall(OpenAt2, folder.DangerousGetHandle(), (byte*)name, &how, (nuint)sizeof(OpenHow));
            errno = number < 0 ? Marshal.GetLastPInvokeError() : 0;
            return new SafeFileHandle((nint)number, ownsHandle: true);
        }
        finally
        {
            GC.KeepAlive(folder);
            Marshal.FreeCoTaskMem(name);
        }
    }

    /// <summary>Opens a folder of the node.</summary>
    /// <exception cref="IOException">There is none.</exception>
    public static SafeFileHandle OpenFolder(string path)
    {
        var handle = Open(path, (int)(DirectoryOnly | CloseOnExec));
        return handle >= 0
            ? new SafeFileHandle(handle, ownsHandle: true)
            : throw Failure("open of a volume", Marshal.GetLastPInvokeError());
    }

    /// <summary>Makes a folder in another; a link of that name is not followed. 0 or the errno.</summary>
    public static int MakeFolder(SafeFileHandle parent, string name, UnixFileMode mode) =>
        MakeDirectoryAt(parent, name, (uint)mode) == 0 ? 0 : Marshal.GetLastPInvokeError();

    /// <summary>Mounts what is opened on a file or folder. 0 or the errno.</summary>
    public static int BindMount(SafeFileHandle source, string target)
    {
        var failed = Mount(Describe(source), target, null, Bind | Recursive, null) != 0;
        GC.KeepAlive(source);
        return failed ? Marshal.GetLastPInvokeError() : 0;
    }

    /// <summary>Takes a mount away; that there is none is no failure.</summary>
    public static void Unmount(string target) => _ = Unmount(target, Detach | NoFollow);

    /// <summary>The name by which this process finds what it has opened.</summary>
    public static string Describe(SafeFileHandle handle) => $"/proc/self/fd/{handle.DangerousGetHandle()}";

    /// <summary>A failure by its errno.</summary>
    public static IOException Failure(string what, int errno) => new($"{what}: {Marshal.GetPInvokeErrorMessage(errno)}", errno);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static unsafe partial long SystemCall(long number, nint folder, byte* path, OpenHow* how, nuint size);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "mkdirat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MakeDirectoryAt(SafeFileHandle folder, string name, uint mode);

    [LibraryImport("libc", EntryPoint = "mount", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Mount(string source, string target, string? type, ulong flags, string? options);

    [LibraryImport("libc", EntryPoint = "umount2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Unmount(string target, int flags);

    /// <summary>struct open_how of openat2(2), 24 bytes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct OpenHow
    {
        public ulong Flags;
        public ulong Mode;
        public ulong Resolve;
    }
}

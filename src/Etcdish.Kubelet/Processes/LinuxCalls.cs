using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Etcdish.Kubelet.Processes;

/// <summary>Calls of Linux that the base class library lacks.</summary>
internal static partial class LinuxCalls
{
    public const int SignalKill = 9;
    public const int SignalTerminate = 15;
    public const int NewMounts = 0x0002_0000;
    public const int NewHostname = 0x0400_0000;
    public const int NewNetwork = 0x4000_0000;
    public const ulong ReadOnly = 1;
    public const ulong Remount = 32;
    public const ulong Bind = 4096;
    public const ulong Recursive = 16384;
    public const ulong Unbindable = 1 << 17;
    public const ulong Slave = 1 << 19;

    private const int CurrentFolder = -100;
    private const int MountSetAttributes = 442;
    private const uint AttributeRecursive = 0x8000;
    private const int PunchHole = 1 | 2;
    private const int OpenReadWrite = 2;
    private const int OpenWriteNonBlocking = 1 | 0x800 | 0x80000;
    private const int OpenNoControllingTerminal = 0x100;
    private const int OpenCloseOnExec = 0x80000;
    private const nuint SetWindowSize = 0x5414;
    private const nuint GetNamespaceType = 0xb703;
    private const int NoSuchCall = 38;
    private const int Interrupted = 4;
    private const int WouldWait = 11;
    private const int DontNeed = 4;
    private static bool _hasTrim = true;

    /// <summary>Sends a signal to a process, or to a group if the number is negative. That there is none is no failure.</summary>
    public static void Signal(int process, int signal) => _ = Kill(process, signal);

    /// <summary>Who this process runs as.</summary>
    [LibraryImport("libc", EntryPoint = "geteuid")]
    public static partial uint EffectiveUser();

    /// <summary>Gives the calling thread namespaces of its own.</summary>
    public static void Unshare(int namespaces) => Check(UnshareCall(namespaces), "unshare");

    /// <summary>Puts the calling thread into the network namespace that a file keeps.</summary>
    public static void EnterNetwork(string path)
    {
        using var file = new SafeFileHandle(Open(path, OpenCloseOnExec), ownsHandle: true);
        Check(file.IsInvalid ? -1 : SetNamespace(file, NewNetwork), $"the network namespace {path}");
    }

    /// <summary>Whether a file keeps a namespace.</summary>
    public static bool IsNamespace(string path)
    {
        using var file = new SafeFileHandle(Open(path, OpenCloseOnExec), ownsHandle: true);
        return !file.IsInvalid && ControlNamespace(file, GetNamespaceType) >= 0;
    }

    /// <summary>The host name of the calling thread's namespace.</summary>
    public static void SetHostName(string name) =>
        Check(SetHostNameCall(name, (nuint)System.Text.Encoding.UTF8.GetByteCount(name)), "sethostname");

    /// <summary>mount(2), in the calling thread's namespace.</summary>
    public static void Mount(string source, string target, ulong flags) =>
        Check(MountCall(source, target, null, flags, 0), $"mount of {source} at {target}");

    /// <summary>Makes a mount read-only and leaves its other flags; on kernels before 5.12 that one mount only.</summary>
    public static void MakeReadOnly(string target, bool isRecursive)
    {
        var attributes = new MountAttributes { Set = 1 };
        var failed = MountSetAttributesCall(
            MountSetAttributes, CurrentFolder, target, isRecursive ? AttributeRecursive : 0, ref attributes, (nuint)Marshal.SizeOf(attributes));
        if (failed != 0 && Marshal.GetLastPInvokeError() == NoSuchCall)
        {
            failed = MountCall("none", target, null, Bind | Remount | ReadOnly, 0);
        }

        Check((int)failed, $"making {target} read-only");
    }

    /// <summary>Makes a named pipe.</summary>
    public static void MakePipe(string path) => Check(MakeFifo(path, 0x180), $"mkfifo {path}");

    /// <summary>Opens a named pipe that somebody reads; writing never waits.</summary>
    public static SafePipeHandle OpenPipe(string path)
    {
        var file = Open(path, OpenWriteNonBlocking);
        Check(file, $"open of {path}");
        return new SafePipeHandle(file, ownsHandle: true);
    }

    /// <summary>Writes what there is room for, and returns how much that was; nothing when the pipe is full.</summary>
    /// <exception cref="IOException">Nobody reads it any more.</exception>
    public static int WriteRoom(SafePipeHandle pipe, ReadOnlySpan<byte> data)
    {
        while (true)
        {
            var count = Write(pipe, in MemoryMarshal.GetReference(data), (nuint)data.Length);
            var error = count < 0 ? Marshal.GetLastPInvokeError() : 0;
            if (error == WouldWait)
            {
                return 0;
            }

            if (error != Interrupted)
            {
                Check((int)count, "write to a pipe");
                return (int)count;
            }
        }
    }

    /// <summary>Gives back what the C library keeps of memory that was freed. Not every C library can; then nothing happens.</summary>
    public static void TrimHeap()
    {
        try
        {
            if (_hasTrim)
            {
                _ = Trim(0);
            }
        }
        catch (EntryPointNotFoundException)
        {
            // musl gives back by itself.
            _hasTrim = false;
        }
    }

    /// <summary>
    /// Drops pages of memory. Those of a file, which nobody has written to, come again when they are read; others are lost.
    /// </summary>
    public static void DropPages(nuint start, nuint bytes) => Check(Advise(start, bytes, DontNeed), "madvise");

    /// <summary>Gives the disk back what the first bytes of a file take; false: the file system cannot.</summary>
    public static bool TryPunch(SafeFileHandle file, long from, long to) => Allocate(file, PunchHole, from, to - from) == 0;

    /// <summary>Gives a file to a user and group.</summary>
    public static void ChangeOwner(string path, long user, long group) => Check(Chown(path, (uint)user, (uint)group), $"chown of {path}");

    /// <summary>Sets the size of a terminal; one that is gone has none.</summary>
    public static void ResizeTerminal(string path, ushort rows, ushort columns)
    {
        using var file = new SafeFileHandle(Open(path, OpenReadWrite | OpenNoControllingTerminal | OpenCloseOnExec), ownsHandle: true);
        if (!file.IsInvalid)
        {
            var size = new WindowSize { Rows = rows, Columns = columns };
            _ = ControlTerminal(file, SetWindowSize, ref size);
        }
    }

    private static void Check(int result, string call)
    {
        if (result < 0)
        {
            throw new IOException($"{call}: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);

    [LibraryImport("libc", EntryPoint = "unshare", SetLastError = true)]
    private static partial int UnshareCall(int flags);

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int SetNamespace(SafeFileHandle file, int type);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int ControlNamespace(SafeFileHandle file, nuint request);

    [LibraryImport("libc", EntryPoint = "sethostname", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetHostNameCall(string name, nuint length);

    [LibraryImport("libc", EntryPoint = "mount", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MountCall(string source, string target, string? type, ulong flags, nint data);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint MountSetAttributesCall(
        nint number, int folder, string path, uint flags, ref MountAttributes attributes, nuint size);

    [LibraryImport("libc", EntryPoint = "mkfifo", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MakeFifo(string path, uint mode);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(SafePipeHandle pipe, in byte data, nuint count);

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int Trim(nuint padding);

    [LibraryImport("libc", EntryPoint = "madvise", SetLastError = true)]
    private static partial int Advise(nuint start, nuint bytes, int advice);

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    private static partial int Allocate(SafeFileHandle file, int mode, long offset, long length);

    [LibraryImport("libc", EntryPoint = "lchown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Chown(string path, uint user, uint group);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int ControlTerminal(SafeFileHandle file, nuint request, ref WindowSize size);

    [StructLayout(LayoutKind.Sequential)]
    private struct MountAttributes
    {
        public ulong Set;
        public ulong Clear;
        public ulong Propagation;
        public ulong UserNamespace;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct WindowSize
    {
        public ushort Rows;
        public ushort Columns;
        public ushort Width;
        public ushort Height;
    }
}

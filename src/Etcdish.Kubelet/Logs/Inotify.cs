using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Etcdish.Kubelet.Logs;

/// <summary>Linux's inotify, of which .NET's own watcher takes an instance and a thread for each file, and systems have few instances.</summary>
internal static partial class Inotify
{
    /// <summary>Bytes of an event before its name: watch, mask, cookie, length of the name.</summary>
    internal const int EventBytes = 16;

    /// <summary>Events were lost.</summary>
    internal const uint QueueOverflow = 0x4000;

    /// <summary>The watch is gone, because somebody removed it or its folder.</summary>
    internal const uint Ignored = 0x8000;

    /// <summary>Files of a folder are written, made, renamed or deleted.</summary>
    internal const uint FolderEvents = 0x2 | 0x40 | 0x80 | 0x100 | 0x200 | 0x0100_0000;

    private const int CloseOnExec = 0x80000;

    /// <summary>A new instance; invalid: the system has none left.</summary>
    internal static SafeFileHandle Open() => new(Init(CloseOnExec), ownsHandle: true);

    [LibraryImport("libc", EntryPoint = "inotify_add_watch", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int AddWatch(SafeFileHandle instance, string path, uint mask);

    [LibraryImport("libc", EntryPoint = "inotify_rm_watch", SetLastError = true)]
    internal static partial int RemoveWatch(SafeFileHandle instance, int watch);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    internal static partial nint Read(SafeFileHandle instance, Span<byte> buffer, nint count);

    [LibraryImport("libc", EntryPoint = "inotify_init1", SetLastError = true)]
    private static partial int Init(int flags);
}

using System.Runtime.InteropServices;

namespace Etcdish.Kubelet.Nodes;

/// <summary>What a file system has, and what of it is free for users that are not root.</summary>
/// <param name="Device">Which file system it is: equal for two folders of one.</param>
/// <param name="CapacityBytes">All bytes.</param>
/// <param name="AvailableBytes">Free bytes.</param>
/// <param name="Inodes">All files that there can be; 0: there is no such bound.</param>
/// <param name="FreeInodes">How many more files there can be.</param>
internal readonly partial record struct FileSystemSpace(
    ulong Device, long CapacityBytes, long AvailableBytes, long Inodes, long FreeInodes)
{
    /// <summary>Reads it of the file system that a folder is on.</summary>
    /// <exception cref="IOException">There is no such folder.</exception>
    public static FileSystemSpace Read(string folder)
    {
        if (StatVfs(folder, out var stat) != 0)
        {
            throw new IOException($"{folder}: {Marshal.GetLastPInvokeErrorMessage()}");
        }

        var block = (long)stat.FragmentSize;
        return new FileSystemSpace(
            stat.FileSystemId, (long)stat.Blocks * block, (long)stat.AvailableBlocks * block, (long)stat.Files, (long)stat.FreeFiles);
    }

    [LibraryImport("libc", EntryPoint = "statvfs", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatVfs(string path, out VfsStatus status);

    /// <summary>struct statvfs of 64-bit Linux.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private readonly struct VfsStatus
    {
        public readonly ulong BlockSize;
        public readonly ulong FragmentSize;
        public readonly ulong Blocks;
        public readonly ulong FreeBlocks;
        public readonly ulong AvailableBlocks;
        public readonly ulong Files;
        public readonly ulong FreeFiles;
        public readonly ulong AvailableFiles;
        public readonly ulong FileSystemId;
        public readonly ulong Flags;
        public readonly ulong LongestName;
        private readonly ulong _spare0;
        private readonly ulong _spare1;
        private readonly ulong _spare2;
    }
}

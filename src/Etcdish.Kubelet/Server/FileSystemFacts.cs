using System.Runtime.InteropServices;

namespace Etcdish.Kubelet.Server;

/// <summary>What a file system has and what is free of it: statvfs, of which .NET tells the bytes only.</summary>
internal readonly partial record struct FileSystemFacts(
    long CapacityBytes, long AvailableBytes, long FreeBytes, long Inodes, long InodesFree)
{
    /// <summary>Asks about the file system of a path; null: there is no such path.</summary>
    public static FileSystemFacts? Of(string path)
    {
        // The structure of 64-bit Linux: eleven numbers of eight bytes each and room for more.
        Span<ulong> facts = stackalloc ulong[16];
        if (StatVfs(path, facts) != 0)
        {
            return null;
        }

        var unit = (long)facts[1];
        return new FileSystemFacts(
            (long)facts[2] * unit, (long)facts[4] * unit, (long)facts[3] * unit, (long)facts[5], (long)facts[6]);
    }

    [LibraryImport("libc", EntryPoint = "statvfs", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatVfs(string path, Span<ulong> facts);
}

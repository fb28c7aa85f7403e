using System.Buffers.Binary;
using System.IO.Enumeration;
using System.Runtime.InteropServices;

namespace Etcdish.Kubelet.Eviction;

/// <summary>What a folder takes on its disk: blocks, not lengths, so holes cost nothing, and what has several names counts once.</summary>
internal static partial class FolderSize
{
    private const int CurrentFolder = -100;
    private const int NoFollow = 0x100;
    private const uint WantLinksInodeBlocks = 0x4 | 0x100 | 0x400;
    private const int BlockBytes = 512;
    private const int StatusBytes = 256;
    private const int LinksAt = 16;
    private const int InodeAt = 32;
    private const int BlocksAt = 48;

    private static readonly EnumerationOptions _all = new()
    {
        RecurseSubdirectories = true,
        AttributesToSkip = 0,
        IgnoreInaccessible = true,
    };

    /// <summary>Measures it, in bytes; what goes meanwhile does not count, and neither does a folder that is not there.</summary>
    public static long Measure(string folder)
    {
        if (!Directory.Exists(folder))
        {
            return 0;
        }

        var total = 0L;
        var seen = new HashSet<ulong>();
        Span<byte> status = stackalloc byte[StatusBytes];
        foreach (var path in Enumerate(folder))
        {
            if (Status(CurrentFolder, path, NoFollow, WantLinksInodeBlocks, status) != 0)
            {
                continue;
            }

            var links = BinaryPrimitives.ReadUInt32LittleEndian(status[LinksAt..]);
            if (links == 1 || seen.Add(BinaryPrimitives.ReadUInt64LittleEndian(status[InodeAt..])))
            {
                total += (long)BinaryPrimitives.ReadUInt64LittleEndian(status[BlocksAt..]) * BlockBytes;
            }
        }

        return total;
    }

    // A pod may link its folder to anywhere: links are not followed.
    private static FileSystemEnumerable<string> Enumerate(string folder) =>
        new(folder, static (ref FileSystemEntry entry) => entry.ToFullPath(), _all)
        {
            ShouldRecursePredicate = static (ref FileSystemEntry entry) => !entry.Attributes.HasFlag(FileAttributes.ReparsePoint),
        };

    // struct statx has the same layout on every machine.
    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Status(int folder, string path, int flags, uint mask, Span<byte> status);
}

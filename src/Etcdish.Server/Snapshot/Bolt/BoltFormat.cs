using System.Buffers.Binary;

namespace Etcdish.Server.Snapshot.Bolt;

/// <summary>
/// The layout of a bbolt database file, the format of etcd's snapshots. All numbers are little endian.
/// <code>
/// page    0  u64 page id          8  u16 kind       10  u16 element count    12  u32 further pages of this run
/// meta   16  u32 magic           20  u32 version    24  u32 page size        28  u32 flags
///        32  u64 root page       40  u64 root sequence                       48  u64 freelist page
///        56  u64 pages in use    64  u64 transaction                         72  u64 FNV-1a of bytes 16..71
/// leaf   16 + 16 i: u32 flags (1 = bucket), u32 position of the key counted from this element, u32 key length, u32 value length;
///        a value follows its key
/// branch 16 + 16 i: u32 position of the key counted from this element, u32 key length, u64 child page
/// bucket a leaf's value with flag 1: u64 root page, u64 sequence; root page 0 means that the bucket's only leaf follows in place
/// </code>
/// Pages 0 and 1 are metas; the valid one with the higher transaction counts. A node that needs more than a page takes a run of pages.
/// </summary>
internal static class BoltFormat
{
    public const int PageSize = 4096;
    public const int PageHeaderSize = 16;
    public const int ElementSize = 16;
    public const int BucketHeaderSize = 16;
    public const int MetaSize = 64;
    public const int MetaPages = 2;
    public const int MaxKeyLength = 32768;

    /// <summary>A bucket whose only leaf is no longer than this lies in its parent's leaf.</summary>
    public const int MaxInlineNode = PageSize / 4;

    public const uint Magic = 0xED0CDAED;
    public const uint Version = 2;
    public const uint BucketFlag = 1;

    public const ushort BranchPage = 0x01;
    public const ushort LeafPage = 0x02;
    public const ushort MetaPage = 0x04;
    public const ushort FreelistPage = 0x10;

    public static void WritePageHeader(Span<byte> page, ulong id, ushort kind, int count, int furtherPages)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(page, id);
        BinaryPrimitives.WriteUInt16LittleEndian(page[8..], kind);
        BinaryPrimitives.WriteUInt16LittleEndian(page[10..], checked((ushort)count));
        BinaryPrimitives.WriteUInt32LittleEndian(page[12..], (uint)furtherPages);
    }

    public static void WriteLeafElement(Span<byte> element, uint flags, int position, int keyLength, int valueLength)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(element, flags);
        BinaryPrimitives.WriteUInt32LittleEndian(element[4..], (uint)position);
        BinaryPrimitives.WriteUInt32LittleEndian(element[8..], (uint)keyLength);
        BinaryPrimitives.WriteUInt32LittleEndian(element[12..], (uint)valueLength);
    }

    public static void WriteBranchElement(Span<byte> element, int position, int keyLength, ulong child)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(element, (uint)position);
        BinaryPrimitives.WriteUInt32LittleEndian(element[4..], (uint)keyLength);
        BinaryPrimitives.WriteUInt64LittleEndian(element[8..], child);
    }

    /// <summary>Pages that a node of this many bytes takes.</summary>
    public static int PagesFor(int nodeSize) => (int)(((long)nodeSize + PageSize - 1) / PageSize);

    /// <summary>FNV-1a, 64 bits: the checksum of a meta page.</summary>
    public static ulong Fnv1a(ReadOnlySpan<byte> data)
    {
        ulong hash = 14695981039346656037;
        foreach (byte b in data)
            hash = unchecked((hash ^ b) * 1099511628211);
        return hash;
    }
}

using System.Buffers.Binary;

namespace Etcdish.Server.Snapshot.Bolt;

/// <summary>The content of a meta page: where the root is and how much of the file is in use.</summary>
/// <param name="PageSize">Bytes per page.</param>
/// <param name="Root">Page of the root bucket's top node.</param>
/// <param name="Freelist">Page of the freelist.</param>
/// <param name="PageCount">Number of pages in use, metas included.</param>
/// <param name="Transaction">The transaction that wrote this meta.</param>
internal readonly record struct BoltMeta(int PageSize, ulong Root, ulong Freelist, ulong PageCount, ulong Transaction)
{
    private const int ChecksumOffset = 56;

    /// <summary>Writes the whole meta page; it lies on page 0 or 1 by the transaction's lowest bit.</summary>
    public void WritePage(Span<byte> page)
    {
        page.Clear();
        BoltFormat.WritePageHeader(page, Transaction & 1, BoltFormat.MetaPage, count: 0, furtherPages: 0);
        Span<byte> meta = page.Slice(BoltFormat.PageHeaderSize, BoltFormat.MetaSize);
        BinaryPrimitives.WriteUInt32LittleEndian(meta, BoltFormat.Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(meta[4..], BoltFormat.Version);
        BinaryPrimitives.WriteUInt32LittleEndian(meta[8..], (uint)PageSize);
        BinaryPrimitives.WriteUInt64LittleEndian(meta[16..], Root);
        BinaryPrimitives.WriteUInt64LittleEndian(meta[32..], Freelist);
        BinaryPrimitives.WriteUInt64LittleEndian(meta[40..], PageCount);
        BinaryPrimitives.WriteUInt64LittleEndian(meta[48..], Transaction);
        BinaryPrimitives.WriteUInt64LittleEndian(meta[ChecksumOffset..], BoltFormat.Fnv1a(meta[..ChecksumOffset]));
    }

    /// <summary>Reads a meta page; false when magic, version, page size or checksum are wrong.</summary>
    /// <param name="page">At least header and meta.</param>
    /// <param name="result">What the page says.</param>
    public static bool TryRead(ReadOnlySpan<byte> page, out BoltMeta result)
    {
        ReadOnlySpan<byte> meta = page.Slice(BoltFormat.PageHeaderSize, BoltFormat.MetaSize);
        result = default;
        if (BinaryPrimitives.ReadUInt32LittleEndian(meta) != BoltFormat.Magic
            || BinaryPrimitives.ReadUInt32LittleEndian(meta[4..]) != BoltFormat.Version
            || BinaryPrimitives.ReadUInt64LittleEndian(meta[ChecksumOffset..]) != BoltFormat.Fnv1a(meta[..ChecksumOffset]))
        {
            return false;
        }

        uint pageSize = BinaryPrimitives.ReadUInt32LittleEndian(meta[8..]);
        if (pageSize is < 512 or > 1 << 16 || !uint.IsPow2(pageSize))
            return false;
        result = new BoltMeta(
            (int)pageSize,
            BinaryPrimitives.ReadUInt64LittleEndian(meta[16..]),
            BinaryPrimitives.ReadUInt64LittleEndian(meta[32..]),
            BinaryPrimitives.ReadUInt64LittleEndian(meta[40..]),
            BinaryPrimitives.ReadUInt64LittleEndian(meta[48..]));
        return true;
    }
}

using System.Buffers.Binary;
using System.Text;

namespace Etcdish.Server.Snapshot.Bolt;

/// <summary>
/// Reads a bbolt file of any origin. Nothing in the file is trusted: each page number, length and position is checked before it is used,
/// so that a damaged or hostile file ends in an <see cref="InvalidDataException"/> that says where, and memory stays bounded by one node
/// per tree level. One thread at a time.
/// </summary>
internal sealed class BoltFileReader
{
    private const int MaxBranchLength = 1 << 20;
    private const int MaxLeafLength = 1 << 29;
    private const int MaxBuckets = 1024;

    private readonly Stream _file;
    private readonly SortedDictionary<string, BoltBucketRoot> _buckets = new(StringComparer.Ordinal);

    /// <summary>Checks the metas and reads the root bucket.</summary>
    /// <param name="file">A stream that can seek, the database at its beginning. It stays open.</param>
    /// <param name="length">Length of the database in bytes.</param>
    /// <exception cref="InvalidDataException">It is no bbolt file, or a damaged one.</exception>
    public BoltFileReader(Stream file, long length)
    {
        _file = file;
        Meta = ReadMeta(length);
        if (Meta.PageCount > int.MaxValue || (long)Meta.PageCount * Meta.PageSize > length)
            throw BoltNode.Damage(0, $"{Meta.PageCount} pages of {Meta.PageSize} bytes in a file of {length}: the file is cut off");
        ReadBuckets();
    }

    /// <summary>The meta page that counts.</summary>
    public BoltMeta Meta { get; }

    /// <summary>Bytes of the file that are in use.</summary>
    public long UsedLength => (long)Meta.PageCount * Meta.PageSize;

    /// <summary>Names of all buckets in byte order.</summary>
    public IEnumerable<string> BucketNames => _buckets.Keys;

    /// <summary>Starts at the first pair of a bucket, or at the end when there is no such bucket.</summary>
    public BoltTreeReader OpenBucket(string name)
        => _buckets.TryGetValue(name, out BoltBucketRoot? root) ? new BoltTreeReader(this, root) : BoltTreeReader.Empty(this);

    /// <summary>Reads a node and checks it.</summary>
    /// <param name="pageId">Its first page.</param>
    /// <param name="referredFrom">File offset of what refers to it.</param>
    /// <param name="pages">How many pages it takes.</param>
    internal BoltNode ReadNode(ulong pageId, long referredFrom, out int pages)
    {
        if (pageId < BoltFormat.MetaPages || pageId >= Meta.PageCount)
            throw BoltNode.Damage(referredFrom, $"page {pageId} is not among the {Meta.PageCount} pages of the file");
        long offset = (long)pageId * Meta.PageSize;
        byte[] header = new byte[BoltFormat.PageHeaderSize];
        ReadAt(offset, header);
        ulong ownId = BinaryPrimitives.ReadUInt64LittleEndian(header);
        if (ownId != pageId)
            throw BoltNode.Damage(offset, $"page {pageId} calls itself page {ownId}");

        uint further = BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(12));
        if (further >= Meta.PageCount - pageId)
            throw BoltNode.Damage(offset + 12, $"a run of {further} further pages reaches beyond the end");
        bool isLeaf = BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(8)) == BoltFormat.LeafPage;
        long length = (further + 1L) * Meta.PageSize;
        if (length > (isLeaf ? MaxLeafLength : MaxBranchLength))
            throw BoltNode.Damage(offset + 12, $"a node of {length} bytes is larger than any that etcd writes");

        byte[] bytes = new byte[length];
        ReadAt(offset, bytes);
        pages = (int)further + 1;
        return new BoltNode(bytes, offset);
    }

    private BoltMeta ReadMeta(long length)
    {
        BoltMeta? newest = null;
        byte[] page = new byte[BoltFormat.PageHeaderSize + BoltFormat.MetaSize];
        // The second meta lies one page in, and the page size stands in the metas only: so every size is tried.
        for (long offset = 0; offset <= 1 << 16 && offset + page.Length <= length; offset = offset == 0 ? 512 : offset * 2)
        {
            ReadAt(offset, page);
            if (BoltMeta.TryRead(page, out BoltMeta meta)
                && (offset == 0 || offset == meta.PageSize)
                && (newest is null || meta.Transaction > newest.Value.Transaction))
            {
                newest = meta;
            }
        }

        return newest ?? throw BoltNode.Damage(0, "no valid meta page; this is not an etcd snapshot, or its beginning is damaged");
    }

    private void ReadBuckets()
    {
        BoltTreeReader root = new(this, new BoltBucketRoot(Meta.Root, InlineNode: null, FileOffset: BoltFormat.PageHeaderSize));
        while (root.MoveNext())
        {
            if (!root.IsBucket)
                throw BoltNode.Damage(root.KeyOffset, "a pair in the root, where only buckets may be");
            if (_buckets.Count == MaxBuckets)
                throw BoltNode.Damage(root.KeyOffset, $"more than {MaxBuckets} buckets");
            string name = Encoding.Latin1.GetString(root.Key.Span);
            _buckets.Add(name, ReadBucketRoot(root.Value, root.ValueOffset));
        }
    }

    private static BoltBucketRoot ReadBucketRoot(ReadOnlyMemory<byte> value, long offset)
    {
        if (value.Length < BoltFormat.BucketHeaderSize)
            throw BoltNode.Damage(offset, "a bucket's header is cut off");
        ulong page = BinaryPrimitives.ReadUInt64LittleEndian(value.Span);
        if (page != 0)
            return new BoltBucketRoot(page, InlineNode: null, offset);
        var node = new BoltNode(value[BoltFormat.BucketHeaderSize..].ToArray(), offset + BoltFormat.BucketHeaderSize);
        if (!node.IsLeaf)
            throw BoltNode.Damage(node.FileOffset, "a branch inside a leaf");
        return new BoltBucketRoot(0, node, offset);
    }

    private void ReadAt(long offset, Span<byte> destination)
    {
        _file.Position = offset;
        _file.ReadExactly(destination);
    }
}

/// <summary>Where a bucket's tree begins.</summary>
/// <param name="Page">Its top page, 0 when it is inline.</param>
/// <param name="InlineNode">Its only leaf, when it is inline.</param>
/// <param name="FileOffset">Where the file says so.</param>
internal sealed record BoltBucketRoot(ulong Page, BoltNode? InlineNode, long FileOffset);

using System.Buffers.Binary;
using System.Text;

namespace Etcdish.Server.Snapshot.Bolt;

/// <summary>
/// Writes a bbolt file front to back without ever holding more of it than one node per tree level. The metas at the front must name the
/// root at the end, so the buckets are walked twice: once for keys and value lengths, which settles where every page goes, and once for
/// the bytes. Order in the file: two metas, an empty freelist, each bucket's tree, the root bucket's tree.
/// </summary>
internal sealed class BoltFileWriter
{
    private const ulong FreelistPage = BoltFormat.MetaPages;
    private const ulong FirstTreePage = FreelistPage + 1;

    // Even, so that page 0 holds the newest meta; the one on page 1 says the same and is one transaction older.
    private const ulong Transaction = 2;

    private readonly IReadOnlyList<BoltBucket> _buckets;
    private readonly Layout _plan = new();

    private BoltFileWriter(IReadOnlyList<BoltBucket> buckets)
    {
        _buckets = buckets;
        foreach (ReadOnlyMemory<byte> _ in WriteTrees(_plan, measureOnly: true))
        {
        }
    }

    /// <summary>Length of the file in bytes, a multiple of <see cref="BoltFormat.PageSize"/>.</summary>
    public long Length => (long)_plan.NextPage * BoltFormat.PageSize;

    /// <summary>Walks the buckets once and settles the layout.</summary>
    /// <param name="buckets">Different names, in any order.</param>
    public static BoltFileWriter Plan(IEnumerable<BoltBucket> buckets)
        => new([.. buckets.OrderBy(bucket => bucket.Name, StringComparer.Ordinal)]);

    /// <summary>Walks the buckets again and gives the file's bytes in order; each piece is good until the next is asked for.</summary>
    /// <exception cref="InvalidOperationException">The buckets are not what they were when the layout was settled.</exception>
    public IEnumerable<ReadOnlyMemory<byte>> WritePages()
    {
        byte[] page = new byte[BoltFormat.PageSize];
        var meta = new BoltMeta(BoltFormat.PageSize, _plan.RootPage, FreelistPage, _plan.NextPage, Transaction);
        meta.WritePage(page);
        yield return page;
        (meta with { Transaction = Transaction - 1 }).WritePage(page);
        yield return page;

        page.AsSpan().Clear();
        BoltFormat.WritePageHeader(page, FreelistPage, BoltFormat.FreelistPage, count: 0, furtherPages: 0);
        yield return page;

        var written = new Layout();
        foreach (ReadOnlyMemory<byte> node in WriteTrees(written, measureOnly: false))
            yield return node;
        if (written.NextPage != _plan.NextPage || written.RootPage != _plan.RootPage)
            throw new InvalidOperationException("The state changed while its snapshot was written.");
    }

    private IEnumerable<ReadOnlyMemory<byte>> WriteTrees(Layout layout, bool measureOnly)
    {
        var entries = new List<KeyValuePair<byte[], byte[]>>(_buckets.Count);
        foreach (BoltBucket bucket in _buckets)
        {
            var tree = new BoltTreeWriter(layout.NextPage, isRootBucket: false, measureOnly);
            using (IBoltCursor pairs = bucket.Open())
            {
                foreach (ReadOnlyMemory<byte> node in tree.WriteNodes(pairs))
                    yield return node;
            }

            layout.NextPage = tree.NextPage;
            entries.Add(new(Encoding.UTF8.GetBytes(bucket.Name), BucketValue(tree)));
        }

        var root = new BoltTreeWriter(layout.NextPage, isRootBucket: true, measureOnly);
        foreach (ReadOnlyMemory<byte> node in root.WriteNodes(new BoltPairCursor(entries)))
            yield return node;
        layout.NextPage = root.NextPage;
        layout.RootPage = root.RootPage;
    }

    private static byte[] BucketValue(BoltTreeWriter tree)
    {
        byte[] value = new byte[BoltFormat.BucketHeaderSize + tree.InlineNode.Length];
        BinaryPrimitives.WriteUInt64LittleEndian(value, tree.RootPage);
        tree.InlineNode.CopyTo(value, BoltFormat.BucketHeaderSize);
        return value;
    }

    private sealed class Layout
    {
        public ulong NextPage { get; set; } = FirstTreePage;

        public ulong RootPage { get; set; }
    }
}

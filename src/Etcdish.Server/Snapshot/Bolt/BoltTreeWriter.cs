namespace Etcdish.Server.Snapshot.Bolt;

/// <summary>
/// Builds one bucket's tree bottom up from sorted pairs, handing out each node as soon as it is complete: leaves as they fill, a branch
/// right after the last of its children, the root last. It holds one leaf and one open branch per level, whatever the bucket's size.
/// </summary>
/// <param name="firstPage">Page of the first node handed out; the others follow without gaps.</param>
/// <param name="isRootBucket">Whether the pairs are buckets; the root bucket is never put into another leaf.</param>
/// <param name="measureOnly">Whether to lay out without reading values.</param>
internal sealed class BoltTreeWriter(ulong firstPage, bool isRootBucket, bool measureOnly)
{
    private readonly BoltLeafBuilder _leaf = new(isRootBucket ? BoltFormat.BucketFlag : 0, measureOnly);
    private readonly List<BoltBranchBuilder> _levels = [];
    private ulong _pagesTaken;

    /// <summary>The page after the last node so far.</summary>
    public ulong NextPage => firstPage + _pagesTaken;

    /// <summary>Page of the tree's top node once all is handed out, 0 when the bucket is inline.</summary>
    public ulong RootPage { get; private set; }

    /// <summary>The only leaf of a bucket that is small enough to lie in its parent; empty otherwise.</summary>
    public byte[] InlineNode { get; private set; } = [];

    /// <summary>Lays the pairs out. Each run of pages is good until the next is asked for.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> WriteNodes(IBoltCursor pairs)
    {
        while (pairs.MoveNext())
        {
            if (!_leaf.Fits(pairs))
            {
                yield return TakeLeaf();
                for (int level = 0; level < _levels.Count && _levels[level].HasFullBranch; level++)
                    yield return TakeBranch(level, _levels[level].FullShare);
            }

            _leaf.Add(pairs);
        }

        if (_pagesTaken == 0 && !isRootBucket && _leaf.Size <= BoltFormat.MaxInlineNode)
        {
            InlineNode = _leaf.TakeInline();
            yield break;
        }

        yield return TakeLeaf();
        for (int level = 0; _levels[level].Pending > 1; level++)
        {
            while (_levels[level].Pending > 0)
                yield return TakeBranch(level, NextShare(_levels[level]));
        }

        RootPage = _levels[^1].FirstPage;
    }

    private static int NextShare(BoltBranchBuilder branch) => branch.HasFullBranch ? branch.FullShare : branch.LastShare;

    private ReadOnlyMemory<byte> TakeLeaf()
    {
        byte[] firstKey = _leaf.Count == 0 ? [] : _leaf.FirstKey;
        return Place(level: 0, firstKey, _leaf.TakePages(NextPage));
    }

    private ReadOnlyMemory<byte> TakeBranch(int level, int share)
    {
        ReadOnlyMemory<byte> pages = _levels[level].TakePages(share, NextPage);
        return Place(level + 1, _levels[level].TakenKey, pages);
    }

    private ReadOnlyMemory<byte> Place(int level, byte[] firstKey, ReadOnlyMemory<byte> pages)
    {
        if (level == _levels.Count)
            _levels.Add(new BoltBranchBuilder());
        _levels[level].Add(firstKey, NextPage);
        _pagesTaken += (ulong)(pages.Length / BoltFormat.PageSize);
        return pages;
    }
}

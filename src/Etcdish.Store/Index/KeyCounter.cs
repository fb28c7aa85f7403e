namespace Etcdish.Store;

/// <summary>
/// Counts the keys of a range that exist at a revision. A subtree that lies wholly inside the range and has not changed since the revision
/// gives its number of live keys at once; the others are gone into, until the budget of versions to look at is used up.
/// </summary>
internal ref struct KeyCounter(KeyRange range, long revision, int budget)
{
    private int _budget = budget;

    /// <summary>The key to go on from, when the budget did not suffice.</summary>
    public byte[]? Resume { get; private set; }

    /// <summary>Counts from the key <paramref name="from"/> on.</summary>
    public long Count(KeyIndexNode root, ReadOnlySpan<byte> from) => Count(root, from, isLastInside: range.IsUnbounded);

    /// <param name="node">Where to count.</param>
    /// <param name="from">Least key that counts; empty once the node is known to lie behind it.</param>
    /// <param name="isLastInside">Whether even the node's last key is known to lie before the range's end.</param>
    private long Count(KeyIndexNode node, ReadOnlySpan<byte> from, bool isLastInside)
    {
        if (from.IsEmpty && isLastInside && node.MaxModRevision <= revision)
        {
            return node.Live;
        }

        return node is KeyIndexLeaf leaf
            ? CountLeaf(leaf, from, isLastInside)
            : CountBranch((KeyIndexBranch)node, from, isLastInside);
    }

    private long CountBranch(KeyIndexBranch branch, ReadOnlySpan<byte> from, bool isLastInside)
    {
        long count = 0;
        var first = from.IsEmpty ? 0 : branch.ChildOf(from);
        for (var slot = first; slot < branch.Count && Resume is null; slot++)
        {
            if (slot > first && !isLastInside && !range.EndsAfter(branch.LowerKeys[slot]))
            {
                break;
            }

            var isChildInside = isLastInside || (slot + 1 < branch.Count && range.EndsAfter(branch.LowerKeys[slot + 1]));
            count += Count(branch.Children[slot], slot == first ? from : default, isChildInside);
        }

        return count;
    }

    private long CountLeaf(KeyIndexLeaf leaf, ReadOnlySpan<byte> from, bool isLastInside)
    {
        var slot = from.IsEmpty ? 0 : leaf.LowerBound(from, out _);
        if (_budget <= 0 && slot < leaf.Count)
        {
            Resume = leaf.Items[slot].Key;
            return 0;
        }

        long count = 0;
        for (; slot < leaf.Count; slot++, _budget--)
        {
            var newest = leaf.Items[slot];
            if (!isLastInside && !range.EndsAfter(newest.Key))
            {
                break;
            }

            count += newest.VisibleAt(revision) is null ? 0 : 1;
        }

        return count;
    }
}

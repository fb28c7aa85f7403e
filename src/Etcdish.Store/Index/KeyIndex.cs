namespace Etcdish.Store;

/// <summary>
/// All retained keys in byte order: a B+tree whose leaves hold the newest version of each key (older ones hang off it by
/// <see cref="KeyRevision.Previous"/>). Each node counts its live keys and bounds its newest revision, so the number of keys in a range
/// costs O(log n) at any revision at or after the last change below the nodes in question, and a walk only where something changed since.
/// Not synchronised: one writer, and readers under the store's lock.
/// </summary>
internal sealed class KeyIndex
{
    private KeyIndexNode _root = new KeyIndexLeaf();

    /// <summary>Keys whose newest version is not a tombstone.</summary>
    public int LiveCount => _root.Live;

    /// <summary>Newest version of a key (perhaps a tombstone), or null.</summary>
    public KeyRevision? Find(ReadOnlySpan<byte> key)
    {
        var leaf = LeafOf(key);
        var slot = leaf.LowerBound(key, out var found);
        return found ? leaf.Items[slot] : null;
    }

    /// <summary>Makes <paramref name="newest"/> the newest version of its key.</summary>
    public void Set(KeyRevision newest)
    {
        Insert(_root, newest, out var right);
        if (right is null)
        {
            return;
        }

        var root = new KeyIndexBranch();
        root.InsertAt(0, _root, []);
        root.InsertAt(1, right, LowerKeyOf(right));
        root.Recount();
        _root = root;
    }

    /// <summary>Forgets a key.</summary>
    /// <returns>Whether it was there.</returns>
    public bool Remove(ReadOnlySpan<byte> key)
    {
        if (!RemoveBelow(_root, key))
        {
            return false;
        }

        while (_root is KeyIndexBranch { Count: 1 } branch)
        {
            _root = branch.Children[0];
        }

        return true;
    }

    /// <summary>A walk in key order from the first key at (or, if asked, after) <paramref name="key"/>.</summary>
    public KeyIndexCursor Seek(ReadOnlySpan<byte> key, bool after = false)
    {
        var leaf = LeafOf(key);
        var slot = leaf.LowerBound(key, out var found);
        return new KeyIndexCursor(leaf, after && found ? slot + 1 : slot);
    }

    /// <summary>
    /// Counts the keys of <paramref name="range"/> from <paramref name="from"/> on that exist at <paramref name="revision"/>, until
    /// <paramref name="budget"/> versions had to be looked at one by one.
    /// </summary>
    /// <returns>The count so far; <paramref name="resume"/> is the key to go on from, or null at the end.</returns>
    public long CountVisible(ReadOnlySpan<byte> from, in KeyRange range, long revision, int budget, out byte[]? resume)
    {
        var counter = new KeyCounter(range, revision, budget);
        var count = counter.Count(_root, from);
        resume = counter.Resume;
        return count;
    }

    /// <summary>Replaces the content by what a builder has built.</summary>
    public void Load(KeyIndexBuilder builder) => _root = builder.Build();

    /// <summary>A key at or below all keys of a node that was just split off or built (its first leaf may have been emptied).</summary>
    internal static byte[] LowerKeyOf(KeyIndexNode node) =>
        node is KeyIndexLeaf leaf ? leaf.Items[0].Key : ((KeyIndexBranch)node).LowerKeys[0];

    private KeyIndexLeaf LeafOf(ReadOnlySpan<byte> key)
    {
        var node = _root;
        while (node is KeyIndexBranch branch)
        {
            node = branch.Children[branch.ChildOf(key)];
        }

        return (KeyIndexLeaf)node;
    }

    /// <returns>By how much the number of live keys below the node (and its new right sibling) changed.</returns>
    private static int Insert(KeyIndexNode node, KeyRevision newest, out KeyIndexNode? right)
    {
        if (node is KeyIndexLeaf leaf)
        {
            return InsertIntoLeaf(leaf, newest, out right);
        }

        var branch = (KeyIndexBranch)node;
        var slot = branch.ChildOf(newest.Key);
        var delta = Insert(branch.Children[slot], newest, out var splitOff);
        branch.Live += delta;
        branch.MaxModRevision = Math.Max(branch.MaxModRevision, newest.ModRevision);
        right = null;
        if (splitOff is not null)
        {
            right = branch.Count == KeyIndexNode.Capacity ? Split(branch, slot) : null;
            var parent = right is KeyIndexBranch sibling && slot >= branch.Count ? sibling : branch;
            parent.InsertAt(parent == branch ? slot + 1 : slot + 1 - branch.Count, splitOff, LowerKeyOf(splitOff));
            branch.Recount();
            (right as KeyIndexBranch)?.Recount();
        }

        return delta;
    }

    private static int InsertIntoLeaf(KeyIndexLeaf leaf, KeyRevision newest, out KeyIndexNode? right)
    {
        right = null;
        var live = newest.IsTombstone ? 0 : 1;
        var slot = leaf.LowerBound(newest.Key, out var found);
        if (found)
        {
            live -= leaf.Items[slot].IsTombstone ? 0 : 1;
            leaf.Items[slot] = newest;
        }
        else
        {
            var target = leaf;
            if (leaf.Count == KeyIndexNode.Capacity)
            {
                var sibling = Split(leaf, slot);
                right = sibling;
                if (slot >= leaf.Count)
                {
                    target = sibling;
                    slot -= leaf.Count;
                }
            }

            target.InsertAt(slot, newest);
            leaf = target;
        }

        leaf.Live += live;
        leaf.MaxModRevision = Math.Max(leaf.MaxModRevision, newest.ModRevision);
        return live;
    }

    /// <summary>Halves a full leaf; at the right edge all stays, so that keys that come in order leave full leaves behind.</summary>
    private static KeyIndexLeaf Split(KeyIndexLeaf leaf, int slot)
    {
        var keep = leaf.Next is null && slot == leaf.Count ? leaf.Count : leaf.Count / 2;
        var right = new KeyIndexLeaf { Count = leaf.Count - keep, Next = leaf.Next, Previous = leaf };
        leaf.Items.AsSpan(keep).CopyTo(right.Items);
        leaf.Items.AsSpan(keep).Clear();
        leaf.Count = keep;
        if (leaf.Next is not null)
        {
            leaf.Next.Previous = right;
        }

        leaf.Next = right;
        leaf.Reindex();
        right.Reindex();
        leaf.Recount();
        right.Recount();
        return right;
    }

    private static KeyIndexBranch Split(KeyIndexBranch branch, int slot)
    {
        var keep = slot == branch.Count - 1 ? branch.Count - 1 : branch.Count / 2;
        var right = new KeyIndexBranch { Count = branch.Count - keep };
        branch.Children.AsSpan(keep).CopyTo(right.Children);
        branch.LowerKeys.AsSpan(keep).CopyTo(right.LowerKeys);
        branch.Children.AsSpan(keep).Clear();
        branch.LowerKeys.AsSpan(keep).Clear();
        branch.Count = keep;
        branch.Reindex();
        right.Reindex();
        return right;
    }

    private static bool RemoveBelow(KeyIndexNode node, ReadOnlySpan<byte> key)
    {
        if (node is KeyIndexLeaf leaf)
        {
            var at = leaf.LowerBound(key, out var found);
            if (found)
            {
                leaf.Live -= leaf.Items[at].IsTombstone ? 0 : 1;
                leaf.RemoveAt(at);
            }

            return found;
        }

        var branch = (KeyIndexBranch)node;
        var slot = branch.ChildOf(key);
        var child = branch.Children[slot];
        var liveBefore = child.Live;
        if (!RemoveBelow(child, key))
        {
            return false;
        }

        branch.Live += child.Live - liveBefore;
        if (child.Count < KeyIndexNode.Capacity / 4 && branch.Count > 1)
        {
            MergeIfSmall(branch, Math.Max(slot, 1));
        }

        return true;
    }

    /// <summary>Joins a child with its left neighbour when both fit well into one node, or when one is empty.</summary>
    private static void MergeIfSmall(KeyIndexBranch branch, int slot)
    {
        KeyIndexNode left = branch.Children[slot - 1], right = branch.Children[slot];
        if (left.Count > 0 && right.Count > 0 && left.Count + right.Count > KeyIndexNode.Capacity * 3 / 4)
        {
            return;
        }

        if (left is KeyIndexLeaf leftLeaf)
        {
            Append(leftLeaf, (KeyIndexLeaf)right);
        }
        else
        {
            Append((KeyIndexBranch)left, (KeyIndexBranch)right, branch.LowerKeys[slot]);
        }

        left.Live += right.Live;
        left.MaxModRevision = Math.Max(left.MaxModRevision, right.MaxModRevision);
        branch.RemoveAt(slot);
    }

    private static void Append(KeyIndexLeaf left, KeyIndexLeaf right)
    {
        right.Items.AsSpan(0, right.Count).CopyTo(left.Items.AsSpan(left.Count));
        left.Count += right.Count;
        left.Reindex();
        left.Next = right.Next;
        if (right.Next is not null)
        {
            right.Next.Previous = left;
        }
    }

    private static void Append(KeyIndexBranch left, KeyIndexBranch right, byte[] rightLowerKey)
    {
        for (var i = 0; i < right.Count; i++)
        {
            left.InsertAt(left.Count, right.Children[i], i == 0 ? rightLowerKey : right.LowerKeys[i]);
        }
    }
}

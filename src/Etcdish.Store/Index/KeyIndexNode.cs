namespace Etcdish.Store;

/// <summary>A node of <see cref="KeyIndex"/> with the two figures that let a count skip its whole subtree.</summary>
internal abstract class KeyIndexNode
{
    /// <summary>Slots per node. 64 keeps a million keys three levels deep and a shift within a node at half a kilobyte.</summary>
    public const int Capacity = 64;

    /// <summary>Slots in use.</summary>
    public int Count { get; set; }

    /// <summary>Keys below this node whose newest version is not a tombstone.</summary>
    public int Live { get; set; }

    /// <summary>No version below this node is newer. An upper bound: removals do not lower it.</summary>
    public long MaxModRevision { get; set; }
}

/// <summary>The bottom level: newest versions in key order, and links to the neighbours for walks.</summary>
internal sealed class KeyIndexLeaf : KeyIndexNode
{
    public KeyRevision[] Items { get; } = new KeyRevision[Capacity];

    public KeyIndexLeaf? Next { get; set; }

    public KeyIndexLeaf? Previous { get; set; }

    /// <summary>First slot whose key is not less than <paramref name="key"/>.</summary>
    public int LowerBound(ReadOnlySpan<byte> key, out bool found)
    {
        int low = 0, high = Count;
        while (low < high)
        {
            var middle = (low + high) >> 1;
            var order = Items[middle].Key.AsSpan().SequenceCompareTo(key);
            if (order == 0)
            {
                found = true;
                return middle;
            }

            (low, high) = order < 0 ? (middle + 1, high) : (low, middle);
        }

        found = false;
        return low;
    }

    public void Recount()
    {
        Live = 0;
        MaxModRevision = 0;
        foreach (var item in Items.AsSpan(0, Count))
        {
            Live += item.IsTombstone ? 0 : 1;
            MaxModRevision = Math.Max(MaxModRevision, item.ModRevision);
        }
    }
}

/// <summary>An upper level: children, and for each the least key that may lie below it (unused for the first).</summary>
internal sealed class KeyIndexBranch : KeyIndexNode
{
    public KeyIndexNode[] Children { get; } = new KeyIndexNode[Capacity];

    public byte[][] LowerKeys { get; } = new byte[Capacity][];

    /// <summary>The child below which <paramref name="key"/> lies or would lie.</summary>
    public int ChildOf(ReadOnlySpan<byte> key)
    {
        int low = 1, high = Count;
        while (low < high)
        {
            var middle = (low + high) >> 1;
            (low, high) = LowerKeys[middle].AsSpan().SequenceCompareTo(key) <= 0 ? (middle + 1, high) : (low, middle);
        }

        return low - 1;
    }

    public void InsertAt(int slot, KeyIndexNode child, byte[] lowerKey)
    {
        Array.Copy(Children, slot, Children, slot + 1, Count - slot);
        Array.Copy(LowerKeys, slot, LowerKeys, slot + 1, Count - slot);
        Children[slot] = child;
        LowerKeys[slot] = lowerKey;
        Count++;
    }

    public void RemoveAt(int slot)
    {
        Count--;
        Array.Copy(Children, slot + 1, Children, slot, Count - slot);
        Array.Copy(LowerKeys, slot + 1, LowerKeys, slot, Count - slot);
        Children[Count] = null!;
        LowerKeys[Count] = null!;
    }

    public void Recount()
    {
        Live = 0;
        MaxModRevision = 0;
        foreach (var child in Children.AsSpan(0, Count))
        {
            Live += child.Live;
            MaxModRevision = Math.Max(MaxModRevision, child.MaxModRevision);
        }
    }
}

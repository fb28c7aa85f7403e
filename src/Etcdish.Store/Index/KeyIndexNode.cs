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
    private KeyHeads _heads = new();

    public KeyRevision[] Items { get; } = new KeyRevision[Capacity];

    public KeyIndexLeaf? Next { get; set; }

    public KeyIndexLeaf? Previous { get; set; }

    /// <summary>First slot whose key is not less than <paramref name="key"/>.</summary>
    public int LowerBound(ReadOnlySpan<byte> key, out bool found)
    {
        ulong head = 0;
        found = false;
        var place = Count == 0 ? -1 : _heads.Locate(key, out head);
        if (place != 0)
        {
            return place < 0 ? 0 : Count;
        }

        int low = 0, high = Count;
        while (low < high)
        {
            var middle = (low + high) >> 1;
            var other = _heads[middle];
            var order = other == head ? Items[middle].Key.AsSpan().SequenceCompareTo(key) : other < head ? -1 : 1;
            if (order == 0)
            {
                found = true;
                return middle;
            }

            (low, high) = order < 0 ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    public void InsertAt(int slot, KeyRevision item)
    {
        Array.Copy(Items, slot, Items, slot + 1, Count - slot);
        Items[slot] = item;
        _heads.Open(slot, Count);
        Count++;
        if (_heads.Admit(item.Key))
        {
            SetHeads();
        }
        else
        {
            _heads.Set(slot, item.Key);
        }
    }

    public void RemoveAt(int slot)
    {
        Count--;
        Array.Copy(Items, slot + 1, Items, slot, Count - slot);
        Items[Count] = null!;
        _heads.Close(slot, Count);
    }

    /// <summary>After items were moved in or out by hand.</summary>
    public void Reindex()
    {
        _heads.Reset();
        if (Count > 0)
        {
            _heads.Admit(Items[0].Key);
            _heads.Admit(Items[Count - 1].Key);
            SetHeads();
        }
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

    private void SetHeads()
    {
        for (var slot = 0; slot < Count; slot++)
        {
            _heads.Set(slot, Items[slot].Key);
        }
    }
}

/// <summary>An upper level: children, and for each the least key that may lie below it (unused for the first).</summary>
internal sealed class KeyIndexBranch : KeyIndexNode
{
    private KeyHeads _heads = new();

    public KeyIndexNode[] Children { get; } = new KeyIndexNode[Capacity];

    public byte[][] LowerKeys { get; } = new byte[Capacity][];

    /// <summary>The child below which <paramref name="key"/> lies or would lie.</summary>
    public int ChildOf(ReadOnlySpan<byte> key)
    {
        ulong head = 0;
        var place = Count < 2 ? -1 : _heads.Locate(key, out head);
        if (place != 0)
        {
            return place < 0 ? 0 : Count - 1;
        }

        int low = 1, high = Count;
        while (low < high)
        {
            var middle = (low + high) >> 1;
            var other = _heads[middle];
            var isAtOrBelow = other == head ? LowerKeys[middle].AsSpan().SequenceCompareTo(key) <= 0 : other < head;
            (low, high) = isAtOrBelow ? (middle + 1, high) : (low, middle);
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
        Reindex();
    }

    public void RemoveAt(int slot)
    {
        Count--;
        Array.Copy(Children, slot + 1, Children, slot, Count - slot);
        Array.Copy(LowerKeys, slot + 1, LowerKeys, slot, Count - slot);
        Children[Count] = null!;
        LowerKeys[Count] = null!;
        Reindex();
    }

    /// <summary>After children were moved in or out. A branch changes once in thousands of puts.</summary>
    public void Reindex()
    {
        _heads.Reset();
        if (Count < 2)
        {
            return;
        }

        _heads.Admit(LowerKeys[1]);
        _heads.Admit(LowerKeys[Count - 1]);
        for (var slot = 1; slot < Count; slot++)
        {
            _heads.Set(slot, LowerKeys[slot]);
        }
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

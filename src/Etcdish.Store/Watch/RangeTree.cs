namespace Etcdish.Store;

/// <summary>
/// Interval tree of key ranges: a treap ordered by (start, end) in which each node knows the greatest end below it, so that the k ranges
/// that contain a key are found in O(log n + k). Priorities come from a fixed generator: the tree's shape depends on its history only.
/// </summary>
internal sealed class RangeTree
{
    private Node? _root;
    private uint _random = 0x9E3779B9;

    /// <summary>The list of the range, made if there is none.</summary>
    /// <param name="start">First key.</param>
    /// <param name="end">End (exclusive), or null for none.</param>
    public List<Watcher> GetOrAdd(byte[] start, byte[]? end)
    {
        for (Node? node = _root; node is not null;)
        {
            int order = Compare(start, end, node);
            if (order == 0)
                return node.Watchers;

            node = order < 0 ? node.Left : node.Right;
        }

        Node added = new(start, end, NextPriority());
        _root = Insert(_root, added);
        return added.Watchers;
    }

    public void Remove(byte[] start, byte[]? end) => _root = Remove(_root, start, end);

    /// <summary>Appends the lists of all ranges that contain the key.</summary>
    public void Find(ReadOnlySpan<byte> key, List<List<Watcher>> found) => Find(_root, key, found);

    /// <summary>Appends the watchers of all ranges, in the order of the ranges.</summary>
    public void CopyTo(List<Watcher> watchers) => CopyTo(_root, watchers);

    private static void CopyTo(Node? node, List<Watcher> watchers)
    {
        if (node is null)
            return;

        CopyTo(node.Left, watchers);
        watchers.AddRange(node.Watchers);
        CopyTo(node.Right, watchers);
    }

    private static void Find(Node? node, ReadOnlySpan<byte> key, List<List<Watcher>> found)
    {
        while (node is not null && EndsAfter(node.GreatestEnd, key))
        {
            Find(node.Left, key, found);
            if (key.SequenceCompareTo(node.Start) < 0)
                return;

            if (EndsAfter(node.End, key))
                found.Add(node.Watchers);
            node = node.Right;
        }
    }

    private static Node Insert(Node? node, Node added)
    {
        if (node is null)
            return added;

        if (added.Priority > node.Priority)
        {
            (added.Left, added.Right) = Split(node, added);
            added.Refresh();
            return added;
        }

        if (Compare(added.Start, added.End, node) < 0)
            node.Left = Insert(node.Left, added);
        else
            node.Right = Insert(node.Right, added);
        node.Refresh();
        return node;
    }

    /// <summary>Parts a subtree into what comes before and after a range that is not in it.</summary>
    private static (Node? Before, Node? After) Split(Node? node, Node at)
    {
        if (node is null)
            return (null, null);

        if (Compare(at.Start, at.End, node) < 0)
        {
            (Node? before, node.Left) = Split(node.Left, at);
            node.Refresh();
            return (before, node);
        }

        (node.Right, Node? after) = Split(node.Right, at);
        node.Refresh();
        return (node, after);
    }

    private static Node? Remove(Node? node, byte[] start, byte[]? end)
    {
        if (node is null)
            throw new InvalidOperationException("The range is not in the tree.");

        int order = Compare(start, end, node);
        if (order == 0)
            return Join(node.Left, node.Right);

        if (order < 0)
            node.Left = Remove(node.Left, start, end);
        else
            node.Right = Remove(node.Right, start, end);
        node.Refresh();
        return node;
    }

    private static Node? Join(Node? before, Node? after)
    {
        if (before is null || after is null)
            return before ?? after;

        if (before.Priority > after.Priority)
        {
            before.Right = Join(before.Right, after);
            before.Refresh();
            return before;
        }

        after.Left = Join(before, after.Left);
        after.Refresh();
        return after;
    }

    private static bool EndsAfter(byte[]? end, ReadOnlySpan<byte> key) => end is null || key.SequenceCompareTo(end) < 0;

    private static int Compare(byte[] start, byte[]? end, Node node)
    {
        int order = start.AsSpan().SequenceCompareTo(node.Start);
        return order != 0 ? order : CompareEnds(end, node.End);
    }

    private static int CompareEnds(byte[]? x, byte[]? y)
    {
        if (x is null || y is null)
            return (x is null ? 1 : 0) - (y is null ? 1 : 0);

        return x.AsSpan().SequenceCompareTo(y);
    }

    private uint NextPriority()
    {
        _random ^= _random << 13;
        _random ^= _random >> 17;
        _random ^= _random << 5;
        return _random;
    }

    private sealed class Node(byte[] start, byte[]? end, uint priority)
    {
        public byte[] Start { get; } = start;

        public byte[]? End { get; } = end;

        public uint Priority { get; } = priority;

        public List<Watcher> Watchers { get; } = [];

        public Node? Left { get; set; }

        public Node? Right { get; set; }

        /// <summary>Greatest end in this subtree, null for no end.</summary>
        public byte[]? GreatestEnd { get; private set; } = end;

        public void Refresh()
        {
            byte[]? greatest = End;
            if (Left is not null && CompareEnds(Left.GreatestEnd, greatest) > 0)
                greatest = Left.GreatestEnd;
            if (Right is not null && CompareEnds(Right.GreatestEnd, greatest) > 0)
                greatest = Right.GreatestEnd;
            GreatestEnd = greatest;
        }
    }
}

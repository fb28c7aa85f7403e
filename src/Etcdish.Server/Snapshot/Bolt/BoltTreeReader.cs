using System.Collections;

namespace Etcdish.Server.Snapshot.Bolt;

/// <summary>
/// Walks a bucket's pairs in key order. Each page is entered at most once and the depth is limited, so no file can keep it walking in
/// circles; keys that do not ascend over the whole walk are damage.
/// </summary>
internal sealed class BoltTreeReader
{
    private const int MaxDepth = 32;

    private readonly BoltFileReader _file;
    private readonly BitArray _entered;
    private readonly Stack<(BoltNode Node, int Next)> _path = new();
    private BoltNode? _leaf;
    private int _index;

    /// <summary>Starts before the first pair.</summary>
    public BoltTreeReader(BoltFileReader file, BoltBucketRoot root)
    {
        _file = file;
        _entered = new BitArray(root.InlineNode is null ? (int)file.Meta.PageCount : 0);
        if (root.InlineNode is { } inline)
            _path.Push((inline, 0));
        else
            Enter(root.Page, root.FileOffset);
    }

    private BoltTreeReader(BoltFileReader file)
    {
        _file = file;
        _entered = new BitArray(0);
    }

    /// <summary>Key of the current pair; it stays good after the next step.</summary>
    public ReadOnlyMemory<byte> Key => _leaf!.Key(_index);

    /// <summary>Value of the current pair; it stays good after the next step.</summary>
    public ReadOnlyMemory<byte> Value => _leaf!.Value(_index);

    /// <summary>Whether the current pair is a bucket inside this one.</summary>
    public bool IsBucket => _leaf!.IsBucket(_index);

    /// <summary>Where the current key lies in the file.</summary>
    public long KeyOffset => _leaf!.KeyOffset(_index);

    /// <summary>Where the current value lies in the file.</summary>
    public long ValueOffset => _leaf!.ValueOffset(_index);

    /// <summary>A bucket that is not there.</summary>
    public static BoltTreeReader Empty(BoltFileReader file) => new(file);

    /// <summary>Steps to the next pair; false after the last.</summary>
    /// <exception cref="InvalidDataException">The tree is damaged.</exception>
    public bool MoveNext()
    {
        while (_path.TryPop(out (BoltNode Node, int Next) top))
        {
            if (top.Next == top.Node.Count)
                continue;
            _path.Push((top.Node, top.Next + 1));
            if (top.Node.IsLeaf)
            {
                StepTo(top.Node, top.Next);
                return true;
            }

            Enter(top.Node.Child(top.Next), top.Node.FileOffset);
        }

        return false;
    }

    private void StepTo(BoltNode leaf, int index)
    {
        // Inside a leaf the order has been checked already; what is left is the step from one leaf to the next.
        if (index == 0 && _leaf is not null && Key.Span.SequenceCompareTo(leaf.Key(0).Span) >= 0)
            throw BoltNode.Damage(leaf.KeyOffset(0), "keys are out of order");
        _leaf = leaf;
        _index = index;
    }

    private void Enter(ulong page, long referredFrom)
    {
        if (_path.Count == MaxDepth)
            throw BoltNode.Damage(referredFrom, $"a tree of more than {MaxDepth} levels");
        BoltNode node = _file.ReadNode(page, referredFrom, out int pages);
        for (int i = 0; i < pages; i++)
        {
            int index = (int)page + i;
            if (_entered[index])
                throw BoltNode.Damage(referredFrom, $"page {index} is referred to twice");
            _entered[index] = true;
        }

        _path.Push((node, 0));
    }
}

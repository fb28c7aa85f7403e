namespace Etcdish.Store;

/// <summary>
/// Builds the tree of a <see cref="KeyIndex"/> from the bottom, from newest versions that come in key order, without a search. What a node
/// has to know of a version is taken when it is added, while it is still in the processor's cache: a second pass over a million of them
/// would take as long as reading them from the checkpoint.
/// </summary>
internal sealed class KeyIndexBuilder
{
    private const int Fill = KeyIndexNode.Capacity * 7 / 8;

    private readonly List<KeyIndexNode> _leaves = [];
    private KeyIndexLeaf? _last;

    /// <summary>Keys added.</summary>
    public int Count { get; private set; }

    /// <summary>Newest version of the last key, or null before the first.</summary>
    public KeyRevision? Last => _last?.Items[_last.Count - 1];

    /// <summary>Adds the newest version of the next key.</summary>
    public void Add(KeyRevision newest)
    {
        KeyIndexLeaf? leaf = _last;
        if (leaf is null || leaf.Count == Fill)
        {
            leaf = BeginLeaf();
        }

        leaf.InsertAt(leaf.Count, newest);
        leaf.Live += newest.IsTombstone ? 0 : 1;
        leaf.MaxModRevision = Math.Max(leaf.MaxModRevision, newest.ModRevision);
        Count++;
    }

    /// <summary>The root over all that was added.</summary>
    public KeyIndexNode Build()
    {
        if (_leaves.Count == 0)
        {
            return new KeyIndexLeaf();
        }

        List<KeyIndexNode> level = _leaves;
        while (level.Count > 1)
        {
            level = BranchesOver(level);
        }

        return level[0];
    }

    private KeyIndexLeaf BeginLeaf()
    {
        var leaf = new KeyIndexLeaf { Previous = _last };
        if (_last is not null)
        {
            _last.Next = leaf;
        }

        _last = leaf;
        _leaves.Add(leaf);
        return leaf;
    }

    private static List<KeyIndexNode> BranchesOver(List<KeyIndexNode> level)
    {
        var upper = new List<KeyIndexNode>((level.Count / Fill) + 1);
        for (var start = 0; start < level.Count; start += Fill)
        {
            var branch = new KeyIndexBranch();
            for (var i = start; i < Math.Min(start + Fill, level.Count); i++)
            {
                branch.InsertAt(branch.Count, level[i], KeyIndex.LowerKeyOf(level[i]));
            }

            branch.Recount();
            upper.Add(branch);
        }

        return upper;
    }
}

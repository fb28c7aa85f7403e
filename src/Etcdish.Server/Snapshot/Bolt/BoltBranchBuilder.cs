namespace Etcdish.Server.Snapshot.Bolt;

/// <summary>
/// Collects the children of one level of a tree and renders branches. A branch must have two children or more, so a full branch is
/// handed out only when two children are left over for the next one.
/// </summary>
internal sealed class BoltBranchBuilder
{
    private const int MinChildren = 2;

    private readonly List<(byte[] FirstKey, ulong Page)> _children = [];
    private byte[] _rendered = new byte[BoltFormat.PageSize];
    private int _fitting;
    private int _fittingSize = BoltFormat.PageHeaderSize;
    private bool _full;

    /// <summary>Children not yet rendered. When the level is complete and one is left, that child is the tree's root.</summary>
    public int Pending => _children.Count;

    /// <summary>Page of the first child that is not yet rendered.</summary>
    public ulong FirstPage => _children[0].Page;

    /// <summary>First key of the branch that <see cref="TakePages"/> rendered last.</summary>
    public byte[] TakenKey { get; private set; } = [];

    /// <summary>Whether a branch can be taken without leaving too few children behind.</summary>
    public bool HasFullBranch => _full && _children.Count >= _fitting + MinChildren;

    /// <summary>How many children the level's next branch takes when no more will come.</summary>
    public int LastShare => !_full || _children.Count < 2 * MinChildren ? _children.Count : _children.Count / 2;

    /// <summary>How many children a full branch takes.</summary>
    public int FullShare => _fitting;

    /// <summary>Bytes of a branch with the first <paramref name="count"/> children.</summary>
    public int SizeOf(int count)
    {
        int size = BoltFormat.PageHeaderSize;
        for (int i = 0; i < count; i++)
            size += BoltFormat.ElementSize + _children[i].FirstKey.Length;
        return size;
    }

    /// <summary>Adds a child.</summary>
    /// <param name="firstKey">The smallest key below the child.</param>
    /// <param name="page">The child's page.</param>
    public void Add(byte[] firstKey, ulong page)
    {
        _children.Add((firstKey, page));
        CountFitting(_children.Count - 1);
    }

    /// <summary>Renders the first children as one branch and drops them. The bytes are good until the next call.</summary>
    /// <param name="count"><see cref="FullShare"/> or <see cref="LastShare"/>.</param>
    /// <param name="pageId">The branch's page.</param>
    public ReadOnlyMemory<byte> TakePages(int count, ulong pageId)
    {
        int size = SizeOf(count);
        int pages = BoltFormat.PagesFor(size);
        if (_rendered.Length < pages * BoltFormat.PageSize)
            _rendered = new byte[pages * BoltFormat.PageSize];
        Memory<byte> node = _rendered.AsMemory(0, pages * BoltFormat.PageSize);
        Render(node.Span, count, pageId, pages);

        TakenKey = _children[0].FirstKey;
        _children.RemoveRange(0, count);
        _fitting = 0;
        _fittingSize = BoltFormat.PageHeaderSize;
        _full = false;
        for (int i = 0; i < _children.Count; i++)
            CountFitting(i);
        return node;
    }

    private void CountFitting(int index)
    {
        if (_full)
            return;
        int grown = _fittingSize + BoltFormat.ElementSize + _children[index].FirstKey.Length;
        _full = grown > BoltFormat.PageSize && _fitting >= MinChildren;
        if (_full)
            return;
        _fitting++;
        _fittingSize = grown;
    }

    private void Render(Span<byte> node, int count, ulong pageId, int pages)
    {
        node.Clear();
        BoltFormat.WritePageHeader(node, pageId, BoltFormat.BranchPage, count, pages - 1);
        int element = BoltFormat.PageHeaderSize;
        int key = element + count * BoltFormat.ElementSize;
        for (int i = 0; i < count; i++)
        {
            (byte[] firstKey, ulong page) = _children[i];
            BoltFormat.WriteBranchElement(node[element..], key - element, firstKey.Length, page);
            firstKey.CopyTo(node[key..]);
            element += BoltFormat.ElementSize;
            key += firstKey.Length;
        }
    }
}

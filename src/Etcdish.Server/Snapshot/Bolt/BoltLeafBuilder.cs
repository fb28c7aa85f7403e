using System.Runtime.InteropServices;

namespace Etcdish.Server.Snapshot.Bolt;

/// <summary>
/// Collects the pairs of one leaf and renders it. When it only measures, it keeps sizes and the first key but no values, and what it
/// renders has the right length only.
/// </summary>
/// <param name="flags">Flags of every element: <see cref="BoltFormat.BucketFlag"/> in the root bucket, else 0.</param>
/// <param name="measureOnly">Whether values are left unread.</param>
internal sealed class BoltLeafBuilder(uint flags, bool measureOnly)
{
    private readonly List<(int KeyLength, int ValueLength)> _elements = [];
    private byte[] _data = new byte[BoltFormat.PageSize];
    private byte[] _rendered = new byte[BoltFormat.PageSize];
    private int _dataLength;
    private long _size = BoltFormat.PageHeaderSize;

    /// <summary>Number of pairs in the leaf.</summary>
    public int Count => _elements.Count;

    /// <summary>Bytes of the node as it stands.</summary>
    public int Size => (int)_size;

    /// <summary>Key of the first pair, as a copy.</summary>
    public byte[] FirstKey { get; private set; } = [];

    /// <summary>Whether the cursor's pair can join the leaf; an empty leaf takes a pair of any size.</summary>
    public bool Fits(IBoltCursor pair)
        => Count == 0 || _size + BoltFormat.ElementSize + pair.Key.Length + pair.ValueLength <= BoltFormat.PageSize;

    /// <summary>Adds the cursor's current pair.</summary>
    /// <exception cref="InvalidOperationException">The key's or the value's length is out of the format's bounds.</exception>
    public void Add(IBoltCursor pair)
    {
        ReadOnlySpan<byte> key = pair.Key;
        int valueLength = pair.ValueLength;
        if (key.Length is 0 or > BoltFormat.MaxKeyLength)
            throw new InvalidOperationException($"A bolt key of {key.Length} bytes: it must have 1 to {BoltFormat.MaxKeyLength}.");
        long size = _size + BoltFormat.ElementSize + key.Length + valueLength;
        if (size > Array.MaxLength - BoltFormat.PageSize)
            throw new InvalidOperationException($"A value of {valueLength} bytes is too long for a snapshot.");

        if (Count == 0)
            FirstKey = key.ToArray();
        _elements.Add((key.Length, valueLength));
        _size = size;
        if (measureOnly)
            return;
        EnsureCapacity(ref _data, _dataLength + key.Length + valueLength, _dataLength);
        key.CopyTo(_data.AsSpan(_dataLength));
        pair.ReadValue(_data.AsSpan(_dataLength + key.Length, valueLength));
        _dataLength += key.Length + valueLength;
    }

    /// <summary>Renders the leaf as a run of whole pages and empties the builder. The bytes are good until the next call.</summary>
    public ReadOnlyMemory<byte> TakePages(ulong pageId)
    {
        int pages = BoltFormat.PagesFor(Size);
        return Take(pageId, pages - 1, pages * BoltFormat.PageSize);
    }

    /// <summary>Renders the leaf without padding, for a bucket that lies in its parent, and empties the builder.</summary>
    public byte[] TakeInline() => Take(pageId: 0, furtherPages: 0, Size).ToArray();

    private ReadOnlyMemory<byte> Take(ulong pageId, int furtherPages, int length)
    {
        EnsureCapacity(ref _rendered, length, keep: 0);
        Span<byte> node = _rendered.AsSpan(0, length);
        if (!measureOnly)
            Render(node, pageId, furtherPages);
        _elements.Clear();
        _dataLength = 0;
        _size = BoltFormat.PageHeaderSize;
        return _rendered.AsMemory(0, length);
    }

    private void Render(Span<byte> node, ulong pageId, int furtherPages)
    {
        BoltFormat.WritePageHeader(node, pageId, BoltFormat.LeafPage, Count, furtherPages);
        int element = BoltFormat.PageHeaderSize;
        int key = element + Count * BoltFormat.ElementSize;
        int end = key + _dataLength;
        _data.AsSpan(0, _dataLength).CopyTo(node[key..]);
        node[end..].Clear();
        foreach ((int keyLength, int valueLength) in CollectionsMarshal.AsSpan(_elements))
        {
            BoltFormat.WriteLeafElement(node[element..], flags, key - element, keyLength, valueLength);
            element += BoltFormat.ElementSize;
            key += keyLength + valueLength;
        }
    }

    /// <summary>Grows for one large value, but does not stay large for the rest of the file.</summary>
    private static void EnsureCapacity(ref byte[] buffer, int needed, int keep)
    {
        const int Roomy = 1 << 24;
        bool tooLarge = buffer.Length > Roomy && needed < buffer.Length / 8;
        if (buffer.Length >= needed && !tooLarge)
            return;
        byte[] larger = new byte[Math.Max(needed, BoltFormat.PageSize)];
        buffer.AsSpan(0, keep).CopyTo(larger);
        buffer = larger;
    }
}

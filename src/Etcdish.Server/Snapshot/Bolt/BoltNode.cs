using System.Buffers.Binary;
using System.Globalization;

namespace Etcdish.Server.Snapshot.Bolt;

/// <summary>
/// A leaf or branch as read from a file. All positions and lengths are checked when it is made, and so is the order of its keys, so that
/// whoever uses it needs no checks.
/// </summary>
internal sealed class BoltNode
{
    private readonly ReadOnlyMemory<byte> _bytes;

    /// <summary>Takes the bytes of a node and checks them.</summary>
    /// <param name="bytes">The whole run of pages, or an inline leaf.</param>
    /// <param name="fileOffset">Where the bytes begin in the file.</param>
    /// <exception cref="InvalidDataException">It is no sound leaf or branch.</exception>
    public BoltNode(ReadOnlyMemory<byte> bytes, long fileOffset)
    {
        _bytes = bytes;
        FileOffset = fileOffset;
        if (bytes.Length < BoltFormat.PageHeaderSize)
            throw Damage(0, "a page is cut off");
        ushort kind = BinaryPrimitives.ReadUInt16LittleEndian(bytes.Span[8..]);
        if (kind is not (BoltFormat.LeafPage or BoltFormat.BranchPage))
            throw Damage(8, $"a leaf or branch was expected, but the page's kind is 0x{kind:x}");
        IsLeaf = kind == BoltFormat.LeafPage;
        Count = BinaryPrimitives.ReadUInt16LittleEndian(bytes.Span[10..]);
        CheckElements();
    }

    /// <summary>Where the node begins in the file.</summary>
    public long FileOffset { get; }

    /// <summary>Whether it is a leaf; else a branch.</summary>
    public bool IsLeaf { get; }

    /// <summary>Number of elements.</summary>
    public int Count { get; }

    /// <summary>Key of an element.</summary>
    public ReadOnlyMemory<byte> Key(int index) => _bytes.Slice(KeyStart(index), KeyLength(index));

    /// <summary>Value of a leaf's element.</summary>
    public ReadOnlyMemory<byte> Value(int index) => _bytes.Slice(KeyStart(index) + KeyLength(index), ValueLength(index));

    /// <summary>Whether a leaf's element is a bucket.</summary>
    public bool IsBucket(int index) => (Field(index, 0) & BoltFormat.BucketFlag) != 0;

    /// <summary>Child page of a branch's element.</summary>
    public ulong Child(int index) => BinaryPrimitives.ReadUInt64LittleEndian(_bytes.Span[(Element(index) + 8)..]);

    /// <summary>Where an element's key lies in the file.</summary>
    public long KeyOffset(int index) => FileOffset + KeyStart(index);

    /// <summary>Where an element's value lies in the file.</summary>
    public long ValueOffset(int index) => KeyOffset(index) + KeyLength(index);

    /// <summary>The error for damage at a place in the file.</summary>
    public static InvalidDataException Damage(long fileOffset, string what) => new(string.Create(
        CultureInfo.InvariantCulture, $"Damaged snapshot, file offset {fileOffset}: {what}."));

    private static int Element(int index) => BoltFormat.PageHeaderSize + index * BoltFormat.ElementSize;

    private InvalidDataException Damage(int offset, string what) => Damage(FileOffset + offset, what);

    private uint Field(int index, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(_bytes.Span[(Element(index) + offset)..]);

    private int KeyStart(int index) => Element(index) + (int)Field(index, IsLeaf ? 4 : 0);

    private int KeyLength(int index) => (int)Field(index, IsLeaf ? 8 : 4);

    private int ValueLength(int index) => IsLeaf ? (int)Field(index, 12) : 0;

    private void CheckElements()
    {
        int tableEnd = Element(Count);
        if (tableEnd > _bytes.Length)
            throw Damage(10, $"{Count} elements do not fit into {_bytes.Length} bytes");
        for (int i = 0; i < Count; i++)
        {
            long keyStart = Element(i) + (long)Field(i, IsLeaf ? 4 : 0);
            long keyLength = Field(i, IsLeaf ? 8 : 4);
            long end = keyStart + keyLength + (IsLeaf ? Field(i, 12) : 0);
            if (keyLength is 0 or > BoltFormat.MaxKeyLength)
                throw Damage(Element(i), $"a key of {keyLength} bytes");
            if (keyStart < tableEnd || end > _bytes.Length)
                throw Damage(Element(i), "a pair lies outside its page");
            if (i > 0 && Key(i - 1).Span.SequenceCompareTo(Key(i).Span) >= 0)
                throw Damage(Element(i), "keys are out of order");
        }
    }
}

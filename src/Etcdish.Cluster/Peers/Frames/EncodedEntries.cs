using System.Buffers.Binary;

namespace Etcdish.Cluster.Peers;

/// <summary>
/// Walks the entries of a frame that <see cref="PeerFrameReader"/> has checked; a <c>foreach</c> over it allocates nothing.
/// </summary>
internal ref struct EncodedEntries
{
    private ReadOnlySpan<byte> _rest;

    internal EncodedEntries(ReadOnlySpan<byte> entries)
    {
        _rest = entries;
    }

    /// <summary>The entry that the walk stands at.</summary>
    public EncodedEntry Current { get; private set; }

    /// <summary>The walk itself.</summary>
    public readonly EncodedEntries GetEnumerator() => this;

    /// <summary>Goes to the next entry.</summary>
    /// <returns>False when there is none.</returns>
    public bool MoveNext()
    {
        if (_rest.IsEmpty)
        {
            return false;
        }

        int length = (int)BinaryPrimitives.ReadUInt32LittleEndian(_rest);
        ulong term = BinaryPrimitives.ReadUInt64LittleEndian(_rest[8..]);
        Current = new EncodedEntry(term, _rest[4], _rest.Slice(PeerFrameFormat.EntryHeaderBytes, length));
        _rest = _rest[(PeerFrameFormat.EntryHeaderBytes + length)..];
        return true;
    }

    /// <summary>Whether these bytes are exactly so many entries.</summary>
    internal static void Check(ReadOnlySpan<byte> entries, uint count)
    {
        for (uint i = 0; i < count; i++)
        {
            if (entries.Length < PeerFrameFormat.EntryHeaderBytes)
            {
                throw new MalformedFrameException("the frame ends before its last entry");
            }

            uint length = BinaryPrimitives.ReadUInt32LittleEndian(entries);
            uint kind = BinaryPrimitives.ReadUInt32LittleEndian(entries[4..]);
            if (kind >= PeerFrameFormat.FirstLocalKind)
            {
                throw new MalformedFrameException("an entry's kind is not one that travels");
            }

            entries = entries[PeerFrameFormat.EntryHeaderBytes..];
            if (length > (uint)entries.Length)
            {
                throw new MalformedFrameException("an entry is longer than its frame");
            }

            entries = entries[(int)length..];
        }

        if (!entries.IsEmpty)
        {
            throw new MalformedFrameException("something follows the last entry");
        }
    }
}

namespace Etcdish.Store;

/// <summary>
/// The retained changes in (main, sub) order: a deque of chunks, appended by apply and cut at the front by compaction. Positions are
/// absolute and never reused, so a place in the log stays good while both ends move. Not synchronised, as <see cref="KeyIndex"/>.
/// </summary>
internal sealed class RevisionLog
{
    private const int ChunkBits = 12;
    private const int ChunkSize = 1 << ChunkBits;
    private const int ChunkMask = ChunkSize - 1;

    private readonly List<KeyRevision[]> _chunks = [];
    private long _firstChunk;

    /// <summary>Position of the oldest change.</summary>
    public long Start { get; private set; }

    /// <summary>Position after the newest change.</summary>
    public long End { get; private set; }

    /// <summary>The change at a position between <see cref="Start"/> and <see cref="End"/>.</summary>
    public KeyRevision this[long position] => _chunks[(int)((position >> ChunkBits) - _firstChunk)][position & ChunkMask];

    public void Append(KeyRevision change)
    {
        if ((End & ChunkMask) == 0 || _chunks.Count == 0)
        {
            _chunks.Add(new KeyRevision[ChunkSize]);
        }

        _chunks[^1][End & ChunkMask] = change;
        End++;
    }

    /// <summary>Position of the first change whose main revision is at least <paramref name="revision"/>, or <see cref="End"/>.</summary>
    public long Seek(long revision)
    {
        long low = Start, high = End;
        while (low < high)
        {
            var middle = low + ((high - low) >> 1);
            (low, high) = this[middle].ModRevision < revision ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    /// <summary>Forgets the changes before <paramref name="position"/>.</summary>
    public void CutBefore(long position)
    {
        var lastKept = Math.Min(position, End);
        for (var chunkEnd = (_firstChunk + 1) << ChunkBits; chunkEnd <= lastKept; chunkEnd += ChunkSize)
        {
            _chunks.RemoveAt(0);
            _firstChunk++;
        }

        for (var i = Math.Max(Start, _firstChunk << ChunkBits); i < lastKept; i++)
        {
            _chunks[0][i & ChunkMask] = null!;
        }

        Start = lastKept;
    }

    public void Clear()
    {
        _chunks.Clear();
        (_firstChunk, Start, End) = (0, 0, 0);
    }
}

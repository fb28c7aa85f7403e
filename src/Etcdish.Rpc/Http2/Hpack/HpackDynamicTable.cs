namespace Etcdish.Rpc.Http2;

/// <summary>
/// The fields a peer made known in its header blocks (RFC 7541, sections 2.3.2 and 4): a ring from which the oldest fall out when the sum
/// of the sizes would exceed the maximum. Index zero is the newest. Not safe for threads: it lives with a connection's read loop.
/// </summary>
internal sealed class HpackDynamicTable(int maxBytes)
{
    private const int InitialSlots = 8;

    // A power of two, so that a place is found with a mask. No entry is smaller than 32 bytes, which bounds it.
    private HeaderField[] _ring = new HeaderField[InitialSlots];
    private int _newest;

    /// <summary>How many fields it holds.</summary>
    public int Count { get; private set; }

    /// <summary>Sum of the sizes of its fields.</summary>
    public int Bytes { get; private set; }

    /// <summary>The bound for <see cref="Bytes"/>.</summary>
    public int MaxBytes { get; private set; } = maxBytes;

    /// <summary>A field by its age, zero for the newest, below <see cref="Count"/>.</summary>
    public HeaderField this[int age] => _ring[(_newest - age) & (_ring.Length - 1)];

    /// <summary>Adds a field and evicts for it. One that is larger than the table empties it and is not kept (section 4.4).</summary>
    public void Add(HeaderField field)
    {
        EvictTo(MaxBytes - field.Size);
        if (field.Size > MaxBytes)
        {
            return;
        }

        if (Count == _ring.Length)
        {
            Grow();
        }

        _newest = (_newest + 1) & (_ring.Length - 1);
        _ring[_newest] = field;
        Count++;
        Bytes += field.Size;
    }

    /// <summary>Changes the bound, and evicts what is over it (section 4.3).</summary>
    public void Resize(int maxBytes)
    {
        MaxBytes = maxBytes;
        EvictTo(maxBytes);
    }

    private void EvictTo(int bytes)
    {
        while (Count > 0 && Bytes > bytes)
        {
            int oldest = (_newest - (Count - 1)) & (_ring.Length - 1);
            Bytes -= _ring[oldest].Size;
            _ring[oldest] = null!;
            Count--;
        }
    }

    private void Grow()
    {
        var ring = new HeaderField[_ring.Length * 2];
        for (int age = 0; age < Count; age++)
        {
            ring[Count - 1 - age] = this[age];
        }

        _ring = ring;
        _newest = Count - 1;
    }
}

namespace Etcdish.Consensus;

/// <summary>
/// The appends on the way to one follower, in a ring that grows to its limit. Bytes bound the memory of slow links; the count bounds
/// what many small appends cost.
/// </summary>
internal sealed class Inflights(int maxAppends, long maxBytes)
{
    private readonly record struct Flight(ulong Last, long Bytes);

    private Flight[] _ring = new Flight[Math.Min(maxAppends, 8)];
    private int _head;

    internal int Count { get; private set; }

    internal long Bytes { get; private set; }

    internal bool IsFull => Count >= maxAppends || Bytes >= maxBytes;

    internal void Add(ulong last, long bytes)
    {
        if (Count == _ring.Length)
        {
            Grow();
        }

        _ring[(_head + Count) % _ring.Length] = new Flight(last, bytes);
        Count++;
        Bytes += bytes;
    }

    /// <summary>Everything up to an index has arrived.</summary>
    internal void FreeUpTo(ulong index)
    {
        while (Count > 0 && _ring[_head].Last <= index)
        {
            Bytes -= _ring[_head].Bytes;
            _head = (_head + 1) % _ring.Length;
            Count--;
        }
    }

    internal void Clear()
    {
        _head = 0;
        Count = 0;
        Bytes = 0;
    }

    private void Grow()
    {
        var larger = new Flight[Math.Min(maxAppends, _ring.Length * 2)];
        for (var i = 0; i < Count; i++)
        {
            larger[i] = _ring[(_head + i) % _ring.Length];
        }

        _ring = larger;
        _head = 0;
    }
}

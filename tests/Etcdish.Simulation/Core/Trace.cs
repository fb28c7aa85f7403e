namespace Etcdish.Simulation;

/// <summary>One thing that happened. Numbers only, so that noting it costs nothing until somebody reads it.</summary>
/// <param name="Time">When, in nanoseconds.</param>
/// <param name="Kind">What.</param>
/// <param name="Who">The machine or client that it happened to; the text says which.</param>
/// <param name="A">First number; what it means depends on the kind, see <see cref="TraceText"/>.</param>
/// <param name="B">Second number.</param>
/// <param name="Note">For the reader only: it is not in the hash.</param>
internal readonly record struct TraceEvent(long Time, TraceKind Kind, int Who, long A, long B, object? Note);

/// <summary>
/// All that happened, as a rolling hash, and the last few thousand events as they were. Two runs of one seed must have the same hash.
/// </summary>
/// <param name="kept">How many events to keep.</param>
internal sealed class Trace(int kept)
{
    private readonly TraceEvent[] _ring = new TraceEvent[Math.Max(kept, 1)];
    private ulong _hash = 14695981039346656037;

    /// <summary>Events so far.</summary>
    public long Count { get; private set; }

    /// <summary>FNV-1a over all events, a number at a time.</summary>
    public ulong Hash => _hash;

    public void Add(in TraceEvent happened)
    {
        _ring[Count++ % _ring.Length] = happened;
        Mix((ulong)happened.Time);
        Mix(((ulong)happened.Kind << 32) | (uint)happened.Who);
        Mix((ulong)happened.A);
        Mix((ulong)happened.B);
    }

    /// <summary>The last events, oldest first.</summary>
    public IEnumerable<TraceEvent> Last()
    {
        for (long place = Math.Max(0, Count - _ring.Length); place < Count; place++)
        {
            yield return _ring[place % _ring.Length];
        }
    }

    private void Mix(ulong value) => _hash = (_hash ^ value) * 1099511628211;
}

namespace Etcdish.Consensus;

/// <summary>
/// Linearizable reads that wait until a quorum confirmed the leader (thesis, section 6.4). Each read has a position in a counter that only
/// grows within a leadership and is never chosen by a caller; a heartbeat asks "confirm up to N", and the answers release a prefix. One
/// round is under way at a time, so that the reads which arrive meanwhile share the next.
/// </summary>
internal sealed class ReadQueue(int limit)
{
    private readonly record struct Waiting(ulong Position, ulong Index, ulong Token);

    private readonly Queue<Waiting> _waiting = new();
    private ulong _issued;
    private ulong _confirmed;

    /// <summary>What the newest heartbeats ask to be confirmed.</summary>
    internal ulong Asked { get; private set; }

    internal bool IsFull => _waiting.Count >= limit;

    internal int Count => _waiting.Count;

    /// <summary>Reads wait that no heartbeat speaks for, and no round is under way.</summary>
    internal bool RoundIsDue => _waiting.Count > 0 && _issued > Asked && Asked <= _confirmed;

    internal void Add(ulong token, ulong index)
    {
        _issued++;
        _waiting.Enqueue(new Waiting(_issued, index, token));
    }

    /// <summary>Heartbeats are about to leave: they speak for all reads that are here.</summary>
    internal ulong Ask() => Asked = _issued;

    /// <summary>Releases what a quorum confirmed.</summary>
    internal void Release(ulong confirmed, Effects effects)
    {
        _confirmed = Math.Max(_confirmed, Math.Min(confirmed, _issued));
        while (_waiting.Count > 0 && _waiting.Peek().Position <= _confirmed)
        {
            var read = _waiting.Dequeue();
            effects.Release(new ReadRelease(read.Token, read.Index, Confirmed: true));
        }
    }

    internal void FailAll(Effects effects)
    {
        while (_waiting.Count > 0)
        {
            effects.Release(new ReadRelease(_waiting.Dequeue().Token, 0, Confirmed: false));
        }
    }
}

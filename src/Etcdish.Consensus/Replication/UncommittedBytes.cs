namespace Etcdish.Consensus;

/// <summary>Bounds what was proposed and is not committed: a leader without a quorum must not fill memory and disk with hopes.</summary>
internal sealed class UncommittedBytes(long limit)
{
    private readonly Queue<(ulong Last, long Bytes)> _proposals = new();
    private long _total;

    /// <summary>Whether a proposal fits. Alone, any size does, or a large one could never pass.</summary>
    internal bool Admits(long bytes) => _total == 0 || _total + bytes <= limit;

    internal void Add(ulong last, long bytes)
    {
        if (bytes > 0)
        {
            _proposals.Enqueue((last, bytes));
            _total += bytes;
        }
    }

    internal void OnCommitted(ulong index)
    {
        while (_proposals.Count > 0 && _proposals.Peek().Last <= index)
        {
            _total -= _proposals.Dequeue().Bytes;
        }
    }
}

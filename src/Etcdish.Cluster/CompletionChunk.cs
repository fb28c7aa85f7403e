using System.Collections.Concurrent;

namespace Etcdish.Cluster;

/// <summary>
/// Answers that the thread pool gives one after the other: in chunks, so that a batch of hundreds costs a few work items rather than
/// hundreds, and still spreads over the cores. Pooled.
/// </summary>
internal sealed class CompletionChunk : IThreadPoolWorkItem
{
    /// <summary>Most answers in one chunk.</summary>
    public const int Size = 16;

    private const int MaxPooled = 256;

    private static readonly ConcurrentBag<CompletionChunk> _pool = [];

    private readonly Proposal[] _proposals = new Proposal[Size];
    private int _count;

    /// <summary>A chunk with copies of the references.</summary>
    public static CompletionChunk Rent(ReadOnlySpan<Proposal> proposals)
    {
        if (!_pool.TryTake(out CompletionChunk? chunk))
        {
            chunk = new CompletionChunk();
        }

        proposals.CopyTo(chunk._proposals);
        chunk._count = proposals.Length;
        return chunk;
    }

    void IThreadPoolWorkItem.Execute()
    {
        for (int i = 0; i < _count; i++)
        {
            _proposals[i].Complete();
        }

        Array.Clear(_proposals, 0, _count);
        if (_pool.Count < MaxPooled)
        {
            _pool.Add(this);
        }
    }
}

using System.Threading.Tasks.Sources;
using Etcdish.Store;

namespace Etcdish.Cluster;

/// <summary>
/// One waiting write: what is to be appended, and the promise of its answer. Pooled, because a put would otherwise allocate a task, a
/// source and a closure. The answer is set by the node loop and runs on the thread pool, never on the loop.
/// </summary>
internal sealed class Proposal : IValueTaskSource<ApplyResult>
{
    private const int MaxPooled = 4096;

    [ThreadStatic]
    private static Stack<Proposal>? _pool;

    private ManualResetValueTaskSourceCore<ApplyResult> _source;

    /// <summary>Record kind to append: an <see cref="EntryKind"/>, or one of <see cref="LocalRecordKind"/>.</summary>
    public byte Kind { get; private set; }

    /// <summary>The request's bytes; they belong to the caller until the answer is set.</summary>
    public ReadOnlyMemory<byte> Payload { get; private set; }

    /// <summary>When it was queued, in the node's clock ticks.</summary>
    public long QueuedAt { get; private set; }

    /// <summary>Runs on the node loop instead of an append, between two batches; null for writes.</summary>
    public Action? LoopWork { get; private set; }

    /// <summary>The answer, kept between apply and completion so that a batch is completed at once.</summary>
    public ApplyResult Result { get; set; }

    /// <summary>Why it failed without being applied, or null.</summary>
    public Exception? Failure { get; set; }

    /// <summary>Set by the loop: where the payload came to lie.</summary>
    public Etcdish.Log.LogPosition Position { get; set; }

    /// <summary>Set by the loop: the log index, 0 for a local record.</summary>
    public ulong Index { get; set; }

    /// <summary>Takes a proposal from the calling thread's pool.</summary>
    /// <param name="kind">Record kind to append.</param>
    /// <param name="payload">The request's bytes.</param>
    /// <param name="now">The time, in the node's clock ticks.</param>
    /// <param name="loopWork">What runs on the loop instead of an append.</param>
    /// <param name="completesInline">Whether the waiter is so brief that it may run between the answers of others.</param>
    public static Proposal Rent(
        byte kind, ReadOnlyMemory<byte> payload, long now, Action? loopWork = null, bool completesInline = false)
    {
        Stack<Proposal> pool = _pool ??= new Stack<Proposal>();
        Proposal proposal = pool.Count > 0 ? pool.Pop() : new Proposal();
        proposal.Kind = kind;
        proposal.Payload = payload;
        proposal.QueuedAt = now;
        proposal.LoopWork = loopWork;
        proposal._source.RunContinuationsAsynchronously = !completesInline;
        return proposal;
    }

    /// <summary>The promise; await it exactly once.</summary>
    public ValueTask<ApplyResult> Task => new(this, _source.Version);

    /// <summary>Wakes the waiter with what <see cref="Result"/> or <see cref="Failure"/> says.</summary>
    public void Complete()
    {
        if (Failure is not null)
        {
            _source.SetException(Failure);
        }
        else
        {
            _source.SetResult(Result);
        }
    }

    ApplyResult IValueTaskSource<ApplyResult>.GetResult(short token)
    {
        try
        {
            return _source.GetResult(token);
        }
        finally
        {
            Return();
        }
    }

    ValueTaskSourceStatus IValueTaskSource<ApplyResult>.GetStatus(short token) => _source.GetStatus(token);

    void IValueTaskSource<ApplyResult>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);

    private void Return()
    {
        _source.Reset();
        Payload = default;
        Result = default;
        Failure = null;
        LoopWork = null;
        Index = 0;
        Stack<Proposal> pool = _pool ??= new Stack<Proposal>();
        if (pool.Count < MaxPooled)
        {
            pool.Push(this);
        }
    }
}

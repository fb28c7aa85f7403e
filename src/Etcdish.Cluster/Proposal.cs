using System.Threading.Tasks.Sources;
using Etcdish.Store;

namespace Etcdish.Cluster;

/// <summary>
/// One waiting write: what is to be appended, and the promise of its answer. Pooled, because a put would otherwise allocate a task, a
/// source and a closure. The answer is set by the node loop and runs on the thread pool, never on the loop.
/// </summary>
internal sealed class Proposal : IValueTaskSource<ApplyResult>
{
    /// <summary>Kind of a request that is no record: a linearizable read's barrier.</summary>
    public const byte ReadBarrier = 128;

    private const int MaxPooled = 4096;

    private const int Waiting = 0;
    private const int Answered = 1;
    private const int Abandoned = 2;

    [ThreadStatic]
    private static Stack<Proposal>? _pool;

    private ManualResetValueTaskSourceCore<ApplyResult> _source;
    private CancellationTokenRegistration _abandonment;
    private bool _mayBeAbandoned;
    private int _settled;

    /// <summary>
    /// Record kind to append: an <see cref="EntryKind"/>, one of <see cref="EntryKinds"/> or <see cref="LocalRecordKind"/>; or
    /// <see cref="ReadBarrier"/>.
    /// </summary>
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

    /// <summary>Whether it has no answer yet.</summary>
    public bool IsWaiting { get; private set; }

    /// <summary>Set by the replica: the tick at which it came.</summary>
    public long HeldSince { get; set; }

    /// <summary>Set by the loop: where the payload came to lie.</summary>
    public Etcdish.Log.LogPosition Position { get; set; }

    /// <summary>The member that forwarded it and wants to know its place; 0 for a request of this member.</summary>
    public ulong Origin { get; private set; }

    /// <summary>That member's number for it.</summary>
    public ulong OriginSequence { get; private set; }

    /// <summary>
    /// A leader decided it by its own clock, such as the end of a lease: void once this member leads no longer. Its successor has given the
    /// leases new time.
    /// </summary>
    public bool IsLeadersOwn { get; private set; }

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
        proposal.IsWaiting = true;
        return proposal;
    }

    /// <summary>As <see cref="Rent"/>, for another member's write. Nobody awaits it: <see cref="Recycle"/> ends it.</summary>
    public static Proposal RentForMember(ulong origin, ulong sequence, byte kind, ReadOnlyMemory<byte> payload)
    {
        Proposal proposal = Rent(kind, payload, now: 0);
        proposal.Origin = origin;
        proposal.OriginSequence = sequence;
        return proposal;
    }

    /// <summary>As <see cref="Rent"/>, for a write that only the leader of now may bring about.</summary>
    public static Proposal RentForLeader(byte kind, ReadOnlyMemory<byte> payload, long now, bool completesInline = false)
    {
        Proposal proposal = Rent(kind, payload, now, completesInline: completesInline);
        proposal.IsLeadersOwn = true;
        return proposal;
    }

    /// <summary>
    /// Lets the waiter go when a token is cancelled, whatever the loop is doing; the request itself goes on. To be called before it is
    /// queued, and only for a payload that nobody uses again.
    /// </summary>
    public void AbandonOn(CancellationToken cancellation)
    {
        _mayBeAbandoned = true;
        _abandonment = cancellation.UnsafeRegister(static (proposal, token) => ((Proposal)proposal!).Abandon(token), this);
    }

    /// <summary>It was not queued, and nobody waits for it.</summary>
    public void Discard() => _abandonment.Dispose();

    /// <summary>The leader has decided what is to be written in place of what was asked.</summary>
    public void Become(byte kind, ReadOnlyMemory<byte> payload)
    {
        Kind = kind;
        Payload = payload;
    }

    /// <summary>Another member's write has its place: goes back to the pool.</summary>
    public void Recycle()
    {
        IsWaiting = false;
        Origin = 0;
        OriginSequence = 0;
        Return();
    }

    /// <summary>Another member's write is refused.</summary>
    /// <returns>False when it was before.</returns>
    public bool TryRefuse()
    {
        bool wasWaiting = IsWaiting;
        IsWaiting = false;
        return wasWaiting;
    }

    /// <summary>The promise; await it exactly once.</summary>
    public ValueTask<ApplyResult> Task => new(this, _source.Version);

    /// <summary>Settles the answer, unless there is one, and puts the proposal among those to be completed.</summary>
    public void Succeed(in ApplyResult result, List<Proposal> completed)
    {
        if (IsWaiting)
        {
            IsWaiting = false;
            Result = result;
            completed.Add(this);
        }
    }

    /// <summary>As <see cref="Succeed"/>, for a failure.</summary>
    public void Fail(Exception failure, List<Proposal> completed)
    {
        if (IsWaiting)
        {
            IsWaiting = false;
            Failure = failure;
            completed.Add(this);
        }
    }

    /// <summary>As <see cref="Succeed"/>, for a failure.</summary>
    public void Fail(EtcdError error, List<Proposal> completed)
    {
        if (IsWaiting)
        {
            Fail(new EtcdException(error), completed);
        }
    }

    /// <summary>Wakes the waiter with what <see cref="Result"/> or <see cref="Failure"/> says.</summary>
    public void Complete()
    {
        if (_mayBeAbandoned && Interlocked.CompareExchange(ref _settled, Answered, Waiting) != Waiting)
        {
            return;
        }

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

    private void Abandon(CancellationToken cancellation)
    {
        if (Interlocked.CompareExchange(ref _settled, Abandoned, Waiting) == Waiting)
        {
            // Whoever cancels does not expect to run the waiter.
            _source.RunContinuationsAsynchronously = true;
            _source.SetException(new OperationCanceledException(cancellation));
        }
    }

    private void Return()
    {
        if (_mayBeAbandoned)
        {
            // Waits for a cancellation under way, so that it cannot hit the next request.
            _abandonment.Dispose();
            if (_settled == Abandoned)
            {
                // The loop has it still: it is not used again.
                return;
            }

            _abandonment = default;
            _mayBeAbandoned = false;
            _settled = Waiting;
        }

        _source.Reset();
        Payload = default;
        Result = default;
        Failure = null;
        LoopWork = null;
        IsLeadersOwn = false;
        Stack<Proposal> pool = _pool ??= new Stack<Proposal>();
        if (pool.Count < MaxPooled)
        {
            pool.Push(this);
        }
    }
}

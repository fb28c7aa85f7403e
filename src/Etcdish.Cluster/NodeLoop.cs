using System.Runtime.InteropServices;
using Etcdish.Log;
using Etcdish.Store;

namespace Etcdish.Cluster;

/// <summary>
/// The one logical thread that owns the write path. A round takes all that is queued, appends it as one batch, makes it durable with one
/// sync, applies it in order, tells the watchers, and hands the answers to the thread pool. While the disk syncs, the next round's
/// proposals gather: that is the whole of group commit.
/// </summary>
/// <remarks>
/// Nothing is answered before its batch is durable, and nothing is visible to readers before it either. A full disk fails the batch
/// whole and the loop goes on; any other failure of the log, or of the state machine, ends the loop for good (<see cref="Failed"/>).
/// </remarks>
internal sealed class NodeLoop
{
    private static readonly TimeSpan _tickInterval = TimeSpan.FromMilliseconds(100);

    private readonly SegmentedLog _log;
    private readonly RevisionStore _store;
    private readonly WatchHub _watches;
    private readonly WatchDispatcher _dispatcher;
    private readonly NodeMetrics _metrics;
    private readonly LeaseKeeper _leases;
    private readonly TimeProvider _clock;
    private readonly long _requestTimeoutTicks;
    private readonly bool _completesInline;
    private readonly ProposalQueue _queue;
    private readonly Thread _thread;
    private readonly TaskCompletionSource<Exception?> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<KeyRevision> _changes = [];
    private Exception? _failure;
    private ulong _lastIndex;

    public NodeLoop(
        SegmentedLog log, RevisionStore store, WatchHub watches, LeaseKeeper leases, NodeMetrics metrics, NodeOptions options)
    {
        _log = log;
        _store = store;
        _watches = watches;
        _dispatcher = new WatchDispatcher(watches, Fail);
        _leases = leases;
        _metrics = metrics;
        _clock = options.Clock;
        _requestTimeoutTicks = (long)(options.RequestTimeout.TotalSeconds * _clock.TimestampFrequency);
        _completesInline = options.CompletesInline;
        _queue = new ProposalQueue(options.MaxQueuedBytes);
        _thread = new Thread(Run) { Name = "etcdish node loop", IsBackground = true };
    }

    /// <summary>Term that new entries carry.</summary>
    public ulong Term { get; set; }

    /// <summary>Number of writes that wait for the loop.</summary>
    public int Pending => _queue.Count;

    /// <summary>Ends when the loop has: null after a stop, else what made the node unfit to go on.</summary>
    public Task<Exception?> Ended => _ended.Task;

    /// <summary>What made the node unfit to go on, or null.</summary>
    public Exception? Failed => Volatile.Read(ref _failure);

    public void Start(ulong lastIndex)
    {
        _lastIndex = lastIndex;
        _thread.Start();
    }

    /// <summary>Takes no more, finishes what is queued and ends.</summary>
    public Task StopAsync()
    {
        _queue.Close();
        return _ended.Task;
    }

    /// <summary>Makes the node unfit to go on, for a reason found outside the loop. The first reason stands.</summary>
    public void Fail(Exception reason)
    {
        Interlocked.CompareExchange(ref _failure, reason, null);
        _queue.Close();
    }

    /// <summary>Queues a write, or a piece of work to run on the loop between two batches.</summary>
    /// <exception cref="EtcdException">TooManyRequests past the byte bound, Stopped when the node stops or has failed.</exception>
    public ValueTask<ApplyResult> Enqueue(byte kind, ReadOnlyMemory<byte> payload, Action? work = null)
    {
        // Whoever waits for work on the loop or for a local record goes on with something long, such as writing a checkpoint.
        bool completesInline = _completesInline && work is null && kind < LocalRecordKind.First;
        Proposal proposal = Proposal.Rent(kind, payload, _clock.GetTimestamp(), work, completesInline);
        return _queue.TryEnqueue(proposal) switch
        {
            EnqueueOutcome.Queued => proposal.Task,
            EnqueueOutcome.Full => throw new EtcdException(EtcdError.RequestTooManyRequests),
            _ => throw new EtcdException(EtcdError.Stopped),
        };
    }

    /// <summary>Queues a write of the node's own, whose answer nobody waits for. When the queue is full it is left to the next tick.</summary>
    public void Post(byte kind, ReadOnlyMemory<byte> payload)
    {
        Proposal proposal = Proposal.Rent(kind, payload, _clock.GetTimestamp());
        if (_queue.TryEnqueue(proposal) == EnqueueOutcome.Queued)
        {
            _ = ForgetAsync(proposal.Task);
        }

        static async Task ForgetAsync(ValueTask<ApplyResult> answer)
        {
            try
            {
                await answer.ConfigureAwait(false);
            }
            catch (EtcdException)
            {
                // The disk is full or the node stops; the lease clock reports the lease again.
            }
        }
    }

    private void Run()
    {
        List<Proposal> spare = [];
        try
        {
            while (true)
            {
                List<Proposal> batch = _queue.TakeAll(spare, _tickInterval);
                if (Failed is not null)
                {
                    FailAll(batch);
                    break;
                }

                if (batch.Count == 0 && _queue.IsClosed)
                {
                    break;
                }

                RunRound(batch);
                batch.Clear();
                spare = batch;
                _leases.Tick(this);
            }
        }
#pragma warning disable CA1031 // Whatever it is, the node is unfit: say so once, loudly, and serve nothing more.
        catch (Exception failure)
        {
            Fail(failure);
        }
#pragma warning restore CA1031

        _queue.Close();
        FailAll(_queue.TakeAll([], TimeSpan.Zero));
        _ended.SetResult(Failed);
    }

    private void RunRound(List<Proposal> batch)
    {
        try
        {
            if (TryMakeDurable(batch))
            {
                Apply(batch);
            }

            RunLoopWork(batch);
            PublishChanges();
        }
        catch (Exception)
        {
            FailAll(batch);
            throw;
        }

        CompleteAll(batch);
    }

    /// <returns>Whether the batch is durable; if not, the disk is full, nothing of it was kept, and each write is answered so.</returns>
    private bool TryMakeDurable(List<Proposal> batch)
    {
        try
        {
            if (Append(batch))
            {
                long started = _clock.GetTimestamp();
                _log.Commit();
                _metrics.Synced(_clock.GetElapsedTime(started));
            }

            return true;
        }
        catch (DiskFullException)
        {
            _metrics.DiskFull();
            foreach (Proposal proposal in batch)
            {
                proposal.Failure ??= proposal.LoopWork is null ? new EtcdException(EtcdError.NoSpace) : null;
            }

            return false;
        }
    }

    /// <returns>Whether there is anything to make durable.</returns>
    private bool Append(List<Proposal> batch)
    {
        bool any = false;
        long oldest = _clock.GetTimestamp() - _requestTimeoutTicks;
        ulong index = _lastIndex;
        foreach (Proposal proposal in batch)
        {
            if (proposal.LoopWork is not null)
            {
                continue;
            }

            proposal.Failure = Refusal(proposal, oldest);
            if (proposal.Failure is null)
            {
                proposal.Index = proposal.Kind < LocalRecordKind.First ? ++index : 0;
                proposal.Position = _log.Append(proposal.Kind, proposal.Index, Term, proposal.Payload.Span);
                any = true;
            }
        }

        return any;
    }

    private EtcdException? Refusal(Proposal proposal, long oldest)
    {
        if (proposal.QueuedAt < oldest)
        {
            return new EtcdException(EtcdError.Timeout);
        }

        return proposal.Payload.Length > _log.MaxPayloadBytes ? new EtcdException(EtcdError.RequestTooLarge) : null;
    }

    private void Apply(List<Proposal> batch)
    {
        foreach (Proposal proposal in batch)
        {
            if (proposal.Failure is not null || proposal.LoopWork is not null)
            {
                continue;
            }

            if (proposal.Kind < LocalRecordKind.First)
            {
                ApplyEntry(proposal);
            }
            else
            {
                RelocationRecord.Apply(_store, proposal.Payload, proposal.Position);
            }
        }
    }

    // After the whole batch, so that the work sees a state that belongs to the end of the log.
    private static void RunLoopWork(List<Proposal> batch)
    {
        foreach (Proposal proposal in batch)
        {
            proposal.LoopWork?.Invoke();
        }
    }

    private void ApplyEntry(Proposal proposal)
    {
        StoreEntry entry = new(
            proposal.Index, Term, (EntryKind)proposal.Kind, proposal.Payload, proposal.Position.Segment, proposal.Position.Offset);
        proposal.Result = _store.Apply(entry);
        _lastIndex = proposal.Index;
        if (entry.Kind is EntryKind.LeaseGrant or EntryKind.LeaseRevoke or EntryKind.LeaseCheckpoint)
        {
            _leases.Applied(entry.Kind, proposal.Payload, proposal.Result);
        }

        foreach (KeyRevision change in _store.LastChanges)
        {
            _changes.Add(change);
        }
    }

    private void PublishChanges()
    {
        if (_changes.Count > 0)
        {
            if (_watches.Publish(CollectionsMarshal.AsSpan(_changes)))
            {
                _dispatcher.Wake();
            }

            _changes.Clear();
        }
    }

    private static void CompleteAll(List<Proposal> batch)
    {
        ReadOnlySpan<Proposal> left = CollectionsMarshal.AsSpan(batch);
        while (left.Length > 0)
        {
            int count = Math.Min(left.Length, CompletionChunk.Size);
            ThreadPool.UnsafeQueueUserWorkItem(CompletionChunk.Rent(left[..count]), preferLocal: false);
            left = left[count..];
        }
    }

    private static void FailAll(List<Proposal> batch)
    {
        foreach (Proposal proposal in batch)
        {
            proposal.Failure ??= new EtcdException(EtcdError.Stopped);
        }

        CompleteAll(batch);
    }
}

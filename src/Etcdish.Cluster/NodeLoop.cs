using System.Runtime.InteropServices;
using Etcdish.Cluster.Peers;
using Etcdish.Log;
using Etcdish.Store;

namespace Etcdish.Cluster;

/// <summary>
/// The thread, the queue and the time of a node: takes all that waits, has the <see cref="Cluster.Replica"/> run a round with it, and hands
/// the answers to the thread pool. While the disk syncs, the next round's proposals gather: that is the whole of group commit.
/// </summary>
/// <remarks>
/// A full disk fails a batch whole and the loop goes on; any other failure of the log, of the consensus core or of the state machine ends
/// the loop for good (<see cref="Failed"/>).
/// </remarks>
internal sealed class NodeLoop : IReplicaHost, IWriteQueue
{
    private readonly SegmentedLog _log;
    private readonly MemberFile _member;
    private readonly WatchDispatcher _dispatcher;
    private readonly NodeMetrics _metrics;
    private readonly LeaseKeeper _leases;
    private readonly TimeProvider _clock;
    private readonly long _requestTimeout;
    private readonly long _tickInterval;
    private readonly bool _completesInline;
    private readonly ProposalQueue _queue;
    private readonly Thread _thread;
    private readonly TaskCompletionSource<Exception?> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly PeerMailbox _mailbox;
    private readonly Action<NodeNotice>? _onNotice;
    private readonly SnapshotReceiver _receiver;
    private readonly CancellationToken _stopping;
    private List<PeerMail> _mail = [];
    private Exception? _failure;
    private long _nextTick;

    public NodeLoop(NodeOptions options, Func<IPeerInbox, ReplicaParts> makeParts, CancellationToken stopping)
    {
        _stopping = stopping;
        _queue = new ProposalQueue(options.MaxQueuedBytes);
        _mailbox = new PeerMailbox(_queue.Wake);
        ReplicaParts parts = makeParts(_mailbox);
        parts.LeaseCalls.Queue = this;
        _onNotice = options.OnNotice;
        _log = parts.Log;
        _member = parts.Member;
        _dispatcher = new WatchDispatcher(parts.Watches, Fail);
        _leases = parts.Leases;
        _metrics = parts.Metrics;
        _clock = options.Clock;
        _requestTimeout = InClockUnits(options.RequestTimeout);
        _completesInline = options.CompletesInline;
        _tickInterval = InClockUnits(options.HeartbeatInterval);
        Replica = new Replica(parts, ReplicaOptions.From(options), this);
        _receiver = new SnapshotReceiver(parts.Network, this, Replica, options);
        _mailbox.Answer = AnswerAsync;
        _thread = new Thread(Run) { Name = "etcdish node loop", IsBackground = true };
    }

    /// <summary>What the loop drives. Its members other than <see cref="Replica.Status"/> are for work on the loop.</summary>
    public Replica Replica { get; }

    /// <summary>Number of writes that wait for the loop.</summary>
    public int Pending => _queue.Count;

    /// <summary>Ends when the loop has: null after a stop, else what made the node unfit to go on.</summary>
    public Task<Exception?> Ended => _ended.Task;

    /// <summary>What made the node unfit to go on, or null.</summary>
    public Exception? Failed => Volatile.Read(ref _failure);

    public void Start()
    {
        _nextTick = _clock.GetTimestamp() + _tickInterval;
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

    /// <inheritdoc/>
    public ValueTask<ApplyResult> Enqueue(byte kind, ReadOnlyMemory<byte> payload, Action? work = null) =>
        EnqueueAbandonable(kind, payload, work, CancellationToken.None);

    /// <summary>As <see cref="IWriteQueue.Enqueue"/>; the waiter is let go when the token is cancelled.</summary>
    /// <param name="kind">As there.</param>
    /// <param name="payload">As there; not used again by anybody when the token can be cancelled.</param>
    /// <param name="work">As there.</param>
    /// <param name="abandon">Ends the wait with an <see cref="OperationCanceledException"/>, not the request.</param>
    public ValueTask<ApplyResult> EnqueueAbandonable(byte kind, ReadOnlyMemory<byte> payload, Action? work, CancellationToken abandon)
    {
        // Whoever waits for work on the loop or for a local record goes on with something long, such as writing a checkpoint.
        bool completesInline = _completesInline && work is null && kind is < LocalRecordKind.First or Proposal.ReadBarrier;
        Proposal proposal = Proposal.Rent(kind, payload, _clock.GetTimestamp(), work, completesInline);
        if (abandon.CanBeCanceled)
        {
            proposal.AbandonOn(abandon);
        }

        ValueTask<ApplyResult> answer = proposal.Task;
        EnqueueOutcome outcome = _queue.TryEnqueue(proposal);
        if (outcome == EnqueueOutcome.Queued)
        {
            return answer;
        }

        proposal.Discard();
        throw new EtcdException(outcome == EnqueueOutcome.Full ? EtcdError.RequestTooManyRequests : EtcdError.Stopped);
    }

    /// <inheritdoc/>
    public void Post(byte kind, ReadOnlyMemory<byte> payload)
    {
        Proposal proposal = Proposal.RentForLeader(kind, payload, _clock.GetTimestamp());
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
                // The disk is full, the node stops, or it leads no longer; the leader's lease clock reports the lease again.
            }
        }
    }

    void IReplicaHost.CommitLog()
    {
        long started = _clock.GetTimestamp();
        _log.Commit();
        _metrics.Syncs.Add(_clock.GetElapsedTime(started));
    }

    void IReplicaHost.WakeWatchers() => _dispatcher.Wake();

    void IReplicaHost.SnapshotOffered(SnapshotOffer offer) => _ = Task.Run(() => ReceiveAsync(offer));

    private async Task ReceiveAsync(SnapshotOffer offer)
    {
        try
        {
            await _receiver.ReceiveAsync(offer, _stopping).ConfigureAwait(false);
        }
#pragma warning disable CA1031 // A defect: no state would ever be received again, without a word.
        catch (Exception defect)
        {
            Fail(defect);
        }
#pragma warning restore CA1031
    }

    // On the asker's thread: making a part reads values, and may sort all versions.
    private ValueTask<ReadOnlyMemory<byte>> AnswerAsync(ulong from, ReadOnlyMemory<byte> request, CancellationToken cancellation)
    {
        try
        {
            return ValueTask.FromResult(Replica.AnswerSnapshotQuestion(from, request.Span));
        }
        catch (Exception damage) when (damage is DamagedValueException or LogDamagedException)
        {
            Fail(damage);
            throw;
        }
    }

    private void Run()
    {
        List<Proposal> batch = [];
        try
        {
            while (true)
            {
                batch = _queue.TakeAll(batch, TimeToTick());
                if (Failed is not null || (batch.Count == 0 && _queue.IsClosed))
                {
                    break;
                }

                RunRound(batch);
            }
        }
#pragma warning disable CA1031 // Whatever it is, the node is unfit: say so once, loudly, and serve nothing more.
        catch (Exception failure)
        {
            Fail(failure);
        }
#pragma warning restore CA1031

        _queue.Close();
        _mailbox.Close();
        batch.AddRange(_queue.TakeAll([], TimeSpan.Zero));
        Replica.FailAll(batch);
        CompleteAll(Replica.Completed);
        KeepDamage();
        _ended.SetResult(Failed);
    }

    // So that the next start does not meet it again. The loop has ended, and nobody else writes the file.
    private void KeepDamage()
    {
        try
        {
            if (Failed is { } reason)
            {
                Quarantine.TryNote(_member, reason);
            }
        }
        catch (IOException failure)
        {
            _onNotice?.Invoke(new NodeNotice(true, $"the damage could not be noted for the next start: {failure.Message}"));
        }
    }

    private void RunRound(List<Proposal> batch)
    {
        long now = _clock.GetTimestamp();
        if (now >= _nextTick)
        {
            if (now - _nextTick > _tickInterval && Replica.HeartbeatsAreDue)
            {
                _metrics.HeartbeatIsLate();
            }

            // After a pause of the process, the ticks that were missed are not made up for: nobody could have answered in between.
            _nextTick = Math.Max(_nextTick + _tickInterval, now);
            Replica.Tick();
        }

        ReadMail();
        foreach (Proposal proposal in batch)
        {
            proposal.Failure = Refusal(proposal, now - _requestTimeout);
        }

        Replica.RunRound(batch);
        batch.Clear();
        CompleteAll(Replica.Completed);
        _leases.Tick(this);
    }

    private void ReadMail()
    {
        List<PeerMail> mail = _mailbox.TakeAll(_mail);
        foreach (PeerMail item in mail)
        {
            Read(item);
            item.Return();
        }

        mail.Clear();
        _mail = mail;
    }

    private void Read(in PeerMail item)
    {
        if (item.Buffer is null)
        {
            Replica.Unreachable(item.From);
            return;
        }

        try
        {
            Replica.Receive(item.From, item.Frame);
        }
        catch (MalformedFrameException reason)
        {
            _metrics.MalformedFrame();
            _onNotice?.Invoke(new NodeNotice(true, $"ignored a frame of member {item.From:x}: {reason.Message}"));
        }
    }

    private EtcdException? Refusal(Proposal proposal, long oldest)
    {
        if (proposal.LoopWork is not null)
        {
            return null;
        }

        if (proposal.QueuedAt < oldest)
        {
            return new EtcdException(EtcdError.Timeout);
        }

        return proposal.Payload.Length > _log.MaxPayloadBytes ? new EtcdException(EtcdError.RequestTooLarge) : null;
    }

    private TimeSpan TimeToTick()
    {
        long left = _nextTick - _clock.GetTimestamp();
        return left <= 0 ? TimeSpan.Zero : TimeSpan.FromSeconds((double)left / _clock.TimestampFrequency);
    }

    private long InClockUnits(TimeSpan span) => (long)(span.TotalSeconds * _clock.TimestampFrequency);

    private static void CompleteAll(List<Proposal> completed)
    {
        ReadOnlySpan<Proposal> left = CollectionsMarshal.AsSpan(completed);
        while (left.Length > 0)
        {
            int count = Math.Min(left.Length, CompletionChunk.Size);
            ThreadPool.UnsafeQueueUserWorkItem(CompletionChunk.Rent(left[..count]), preferLocal: false);
            left = left[count..];
        }

        completed.Clear();
    }
}

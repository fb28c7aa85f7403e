using Etcdish.Cluster;
using Etcdish.Cluster.Peers;
using Etcdish.Log;
using Etcdish.Store;

namespace Etcdish.Simulation;

/// <summary>
/// A node as it runs in production, with the world's queue in the place of threads: what <see cref="Recovery"/> found, the
/// <see cref="Replica"/> in rounds, watch hub, leases and maintenance. It stands for <see cref="NodeLoop"/> and <see cref="Node"/>, and is as
/// thin as they are.
/// </summary>
internal sealed class NodeProcess : IReplicaHost, IWriteQueue
{
    private const long WakeDelay = 5 * Span.Microsecond;
    private const long RoundCost = 20 * Span.Microsecond;

    private readonly World _world;
    private readonly Machine _machine;
    private readonly NodeOptions _options;
    private readonly RecoveredState _recovered;
    private readonly ProposalQueue _queue;
    private readonly ReplicaParts _parts;
    private readonly LeaseCalls _leaseCalls;
    private readonly EntryObserver _observer;
    private readonly MaintenanceWork _maintenance;
    private readonly long _tickInterval;
    private List<Proposal> _batch = [];
    private List<PeerMail> _mail = [];
    private Exception? _failure;
    private bool _hasEnded;
    private bool _dispatchIsDue;
    private long _roundAt = long.MaxValue;
    private long _busyUntil;
    private long _nextTick;
    private LogPosition _lastEnd;

    public NodeProcess(World world, Machine machine, NodeOptions options, RecoveredState recovered)
    {
        _world = world;
        _machine = machine;
        _options = options;
        _recovered = recovered;
        Metrics = new NodeMetrics();
        Watches = new WatchHub(Store, Values, options.Watch);
        Leases = new LeaseKeeper(Store.Leases, world.Sabotage.LeaseTime(options.Clock), Metrics);
        LogReplay replay = recovered.Replay;
        NetworkPort network = new(world, this);
        _leaseCalls = new LeaseCalls(Leases, network, TaskCreationOptions.None) { Queue = this };
        _parts = new ReplicaParts(
            recovered.Log, recovered.Member, Store, Values, replay.Restored, replay.Tail, replay.Members, Watches, Leases, _leaseCalls, network, Metrics);
        _queue = new ProposalQueue(options.MaxQueuedBytes);
        Mailbox = new PeerMailbox(() => ScheduleRound(_machine.Now + WakeDelay));
        _observer = new EntryObserver(world, machine, _parts);
        _observer.CheckRecovery(recovered);
        world.Sabotage.Restore(replay.Restored);
        Replica = new Replica(_parts, ReplicaOptions.From(options), this);
        _tickInterval = (long)(options.HeartbeatInterval.TotalMilliseconds * Span.Millisecond);
        _maintenance = new MaintenanceWork(world, machine, this, recovered, options);
        Requests = new RequestService(world, this, options);
    }

    public Machine Machine => _machine;

    public SegmentedLog Log => _recovered.Log;

    public RevisionStore Store => _recovered.Store;

    public IValueSource Values => _recovered.Values;

    public WatchHub Watches { get; }

    public LeaseKeeper Leases { get; }

    public NodeMetrics Metrics { get; }

    public Replica Replica { get; }

    public RequestService Requests { get; }

    /// <summary>Where frames of others wait for the next round.</summary>
    public PeerMailbox Mailbox { get; }

    public EntryTail Tail => _parts.Tail;

    /// <summary>When it ended: what it would have sent later was never sent.</summary>
    public long EndedAt { get; private set; } = long.MaxValue;

    /// <summary>All before this place is proven by a batch that came later.</summary>
    public LogPosition SettledEnd { get; private set; } = LogPosition.Beginning;

    public void Begin()
    {
        _lastEnd = Log.End;
        _world.Note(TraceKind.Started, _machine.Number, (long)Store.AppliedIndex, TornBytes);
        if (TornBytes > 0)
        {
            _world.Marks.Add(Mark.TornTailCut);
        }

        _nextTick = _machine.Now + _tickInterval;
        ScheduleRound(_machine.Now);
        _maintenance.ScheduleNext();
    }

    /// <summary>Has something done in this process: not when it has ended by then, and later when the machine is paused.</summary>
    public void Post(long at, Action action)
    {
        _world.Queue.At(at, RunPosted);

        void RunPosted()
        {
            if (_hasEnded)
            {
                return;
            }

            if (!_machine.TryDefer(RunPosted))
            {
                Guard(action);
            }
        }
    }

    /// <summary>As <see cref="Node.ReadBarrierAsync"/>.</summary>
    public async ValueTask ReadBarrierAsync()
    {
        if (!Replica.Status.ReadsAreLocal && !_world.Sabotage.SkipsReadBarrier)
        {
            await Enqueue(Proposal.ReadBarrier, default).ConfigureAwait(false);
        }
    }

    /// <summary>As <see cref="Node.RenewLeaseAsync"/>.</summary>
    public async ValueTask<long> RenewLeaseAsync(long lease)
    {
        ulong leader = Replica.Status.Leader;
        if (leader == 0)
        {
            throw new EtcdException(EtcdError.NoLeader);
        }

        if (leader == _machine.MemberId)
        {
            await ReadBarrierAsync().ConfigureAwait(false);
            return await Leases.RenewAsync(lease, this).ConfigureAwait(false);
        }

        try
        {
            LeaseAnswerFrame answer = await _leaseCalls.AskAsync(leader, LeaseCallKind.Renew, lease)
                .WaitAsync(_options.RequestTimeout, _options.Clock).ConfigureAwait(false);
            return answer.Seconds;
        }
        catch (TimeoutException)
        {
            throw new EtcdException(EtcdError.Timeout);
        }
    }

    /// <summary>Notes what made the process unfit, from where it cannot be thrown.</summary>
    public void Fail(Exception reason) => _failure ??= reason;

    public void End()
    {
        _hasEnded = true;
        EndedAt = _world.Queue.Now;
        _world.Marks.Add(Mark.DiskFull, Metrics.FullDiskBatches);
        Store.Dispose();
    }

    /// <inheritdoc/>
    public ValueTask<ApplyResult> Enqueue(byte kind, ReadOnlyMemory<byte> payload, Action? work = null)
    {
        Proposal proposal = Proposal.Rent(kind, payload, _machine.Now, work, completesInline: true);
        if (_queue.TryEnqueue(proposal) != EnqueueOutcome.Queued)
        {
            throw new EtcdException(EtcdError.RequestTooManyRequests);
        }

        ScheduleRound(_machine.Now + WakeDelay);
        return proposal.Task;
    }

    /// <inheritdoc/>
    public void Post(byte kind, ReadOnlyMemory<byte> payload)
    {
        Proposal proposal = Proposal.RentForLeader(kind, payload, _machine.Now, completesInline: true);
        if (_queue.TryEnqueue(proposal) == EnqueueOutcome.Queued)
        {
            ScheduleRound(_machine.Now + WakeDelay);
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
                // The lease clock reports the lease again.
            }
        }
    }

    void IReplicaHost.CommitLog()
    {
        uint segment = Log.End.Segment;
        _world.Sabotage.CommitLog(Log);
        SettledEnd = _lastEnd;
        _lastEnd = Log.End;
        _world.Marks.Add(Mark.SegmentRolled, _lastEnd.Segment - segment);
    }

    void IReplicaHost.SnapshotOffered(SnapshotOffer offer)
    {
        _world.Marks.Add(Mark.SnapshotWanted);
        _world.OnSnapshotWanted(_machine.MemberId);
    }

    void IReplicaHost.WakeWatchers()
    {
        if (!_dispatchIsDue)
        {
            _dispatchIsDue = true;
            Post(_machine.Now + RoundCost, () =>
            {
                _dispatchIsDue = false;
                Watches.Dispatch();
            });
        }
    }

    private long TornBytes => Log.Recovery?.TornBytes ?? 0;

    private void ScheduleRound(long at)
    {
        at = Math.Max(at, _busyUntil);
        if (_roundAt <= at)
        {
            return;
        }

        _roundAt = at;
        Post(at, () =>
        {
            if (_roundAt == at)
            {
                RunRound();
            }
        });
    }

    // As NodeLoop.RunRound.
    private void RunRound()
    {
        _roundAt = long.MaxValue;
        if (_queue.Count > 0)
        {
            _batch = _queue.TakeAll(_batch, TimeSpan.Zero);
        }

        _world.Sabotage.BeforeRound(_batch);
        long took = RoundCost + _machine.Measure(RunReplica);
        _busyUntil = _world.Queue.Now + took;
        _world.Note(TraceKind.Round, _machine.Number, (long)Store.AppliedIndex, Store.CurrentRevision);
        _observer.AfterRound(Replica);
        _world.Marks.Add(Mark.WatchFellBehind, Watches.Statistics.SlowWatchers > 0 ? 1 : 0);
        Leases.Tick(this);
        ScheduleRound(_nextTick);
        if (_queue.Count > 0)
        {
            ScheduleRound(_busyUntil);
        }
    }

    private void RunReplica()
    {
        long now = _machine.Now;
        if (now >= _nextTick)
        {
            _nextTick = Math.Max(_nextTick + _tickInterval, now);
            Replica.Tick();
        }

        ReadMail();
        foreach (Proposal proposal in _batch)
        {
            proposal.Failure = Refusal(proposal, now);
        }

        Replica.RunRound(_batch);
        _batch.Clear();
        CompleteAll(_world.Queue.Now + RoundCost + _machine.Elapsed);
    }

    private void ReadMail()
    {
        List<PeerMail> mail = Mailbox.TakeAll(_mail);
        foreach (PeerMail item in mail)
        {
            if (item.Buffer is null)
            {
                Replica.Unreachable(item.From);
            }
            else
            {
                Replica.Receive(item.From, item.Frame);
            }

            item.Return();
        }

        mail.Clear();
        _mail = mail;
    }

    private EtcdException? Refusal(Proposal proposal, long now)
    {
        if (proposal.LoopWork is not null)
        {
            return null;
        }

        long patience = (long)(_options.RequestTimeout.TotalMilliseconds * Span.Millisecond);
        if (proposal.QueuedAt < now - patience)
        {
            return new EtcdException(EtcdError.Timeout);
        }

        return proposal.Payload.Length > Log.MaxPayloadBytes ? new EtcdException(EtcdError.RequestTooLarge) : null;
    }

    // The state is already what it will be when the disk is done; the answers leave then.
    private void CompleteAll(long at)
    {
        if (Replica.Completed.Count == 0)
        {
            return;
        }

        Proposal[] completed = [.. Replica.Completed];
        Replica.Completed.Clear();
        Post(at, () =>
        {
            foreach (Proposal proposal in completed)
            {
                proposal.Complete();
            }
        });
    }

    private void Guard(Action action)
    {
        try
        {
            action();
        }
#pragma warning disable CA1031 // Whatever it is, the process is over; the machine judges whether it may be.
        catch (Exception failure)
        {
            Fail(failure);
        }
#pragma warning restore CA1031

        if (!_hasEnded && (_failure is not null || _machine.Disk.IsDown))
        {
            _machine.OnProcessFailed(_failure ?? new IOException("the power is out"));
        }
    }
}

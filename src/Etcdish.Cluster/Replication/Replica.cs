using Etcdish.Cluster.Peers;
using Etcdish.Consensus;
using Etcdish.Log;
using Etcdish.Store;

namespace Etcdish.Cluster;

/// <summary>
/// One member's consensus, log and store, driven in rounds by whoever owns its thread: the node loop, or a simulation. It reads no clock
/// and starts no thread; <see cref="Tick"/> is the time.
/// </summary>
/// <remarks>
/// A round: hand over what came, append what the core wants written, send what waits for nothing, make the batch durable with one sync,
/// tell the core, send the rest, apply what is committed, publish it, answer. A single voter takes the same way: its own sync is its
/// quorum.
/// </remarks>
internal sealed class Replica
{
    private const ulong TrimStep = 1024;

    private readonly RaftNode _raft;
    private readonly ReplicaLog _log;
    private readonly EntryTail _tail;
    private readonly ReplicaParts _parts;
    private readonly IReplicaHost _host;
    private readonly ReplicaOptions _options;
    private readonly ReplicaOutbox _outbox;
    private readonly ReplicaMembership _membership;
    private readonly ReplicaWrites _writes;
    private readonly ReplicaReads _reads;
    private readonly ReplicaFrames _frames;
    private readonly ReplicaApply _apply;
    private readonly ReplicaSnapshots _snapshots;
    private readonly List<Proposal> _localRecords = [];
    private bool _hasPeers;
    private bool _isLifted;
    private ulong _leader;
    private bool _coreMoved = true;
    private bool _diskIsFull;
    private long _fullSince;
    private bool _gaveWay;
    private long _now;

    public Replica(ReplicaParts parts, ReplicaOptions options, IReplicaHost host)
    {
        _parts = parts;
        _options = options;
        _host = host;
        _tail = parts.Tail;
        _hasPeers = parts.Member.Current.HasPeers;
        _log = new ReplicaLog(parts.Log, parts.Tail, parts.Restored.HardState);
        _raft = new RaftNode(options.Raft, parts.Restored, parts.Tail);
        _outbox = new ReplicaOutbox(parts.Network, parts.Tail, parts.Log);
        _membership = new ReplicaMembership(_raft, parts.Members, options);
        _writes = new ReplicaWrites(_raft, _log, parts.Tail, _outbox, _membership, Completed, options);
        _reads = new ReplicaReads(_raft, _outbox, Completed, options, parts.Metrics);
        parts.LeaseCalls.NumberFrom(options.Raft.Seed >> 8);
        _frames = new ReplicaFrames(_raft, parts.Tail, parts.Members, _writes, _reads, parts.LeaseCalls, host, ShowMembers);
        _snapshots = new ReplicaSnapshots(parts, _raft, _log, options);
        _apply = new ReplicaApply(parts, _raft, _log, _writes, host, ShowMembers);
        Follow(_raft.Configuration);

        // A member that decided alone kept no entries; should others join now, they get state.
        _raft.OnCompacted(parts.Tail.First - 1);
        Status = new ReplicaStatus(_raft, AppliedIndex, DecidesAlone);
        if (DecidesAlone)
        {
            _raft.Campaign();
        }
    }

    /// <summary>Term, leader and indexes, for any thread.</summary>
    public ReplicaStatus Status { get; }

    /// <summary>
    /// State that comes from a leader is neither in use nor dropped: a checkpoint now could not be replayed from. As work.
    /// </summary>
    public bool IsReceiving => _snapshots.IsReceiving;

    /// <summary>How often received state took the place of the member's own. Any thread.</summary>
    public int TakeOvers => _snapshots.TakeOvers;

    /// <summary>Followers that are being sent state. Any thread.</summary>
    public int SnapshotsSending => _snapshots.Sources.Count;

    /// <summary>Requests that have their answer; the driver gives it and clears the list after each round.</summary>
    public List<Proposal> Completed { get; } = [];

    /// <summary>What the core wants written finds no room. As work, or while no round runs.</summary>
    public bool IsDiskFull => _diskIsFull;

    /// <summary>This member leads others, who expect a sign of it with each tick. As work, or while no round runs.</summary>
    public bool HeartbeatsAreDue => _raft.Role == Role.Leader && !DecidesAlone;

    private ulong AppliedIndex => _parts.Store.AppliedIndex;

    /// <summary>Nobody else votes. What is durable here is then committed.</summary>
    private bool DecidesAlone => _raft.Configuration is { IsJoint: false, Voters: [var only] } && only == _options.Raft.Id;

    // All that is durable is applied, and nobody else could have decided anything beyond it.
    private bool ReadsAreLocal => DecidesAlone && AppliedIndex == _log.DurableIndex;

    /// <summary>One tick of time passed.</summary>
    public void Tick()
    {
        _now++;
        _raft.Tick();
        _snapshots.Tick(_now);
        _coreMoved = true;
        GiveWayWhenFull();
        _writes.Expire(_now);
        _reads.Expire(_now);
        IntroduceMembers();
    }

    /// <summary>A frame came from another member.</summary>
    /// <exception cref="MalformedFrameException">It is none, or contradicts its connection; nothing has changed.</exception>
    public void Receive(ulong from, ReadOnlySpan<byte> frame)
    {
        _coreMoved = true;
        _frames.Take(from, frame, AppliedIndex, _now);
    }

    /// <summary>Frames to or from a member may have been lost.</summary>
    public void Unreachable(ulong member)
    {
        _coreMoved = true;
        _raft.ReportUnreachable(member);
        LoseLeader(member);
    }

    /// <summary>Runs a round with what was asked for since the last.</summary>
    /// <param name="requests">
    /// Writes, reads, local records and work, in order; those with a failure set are only answered. They belong to the replica until they
    /// are in <see cref="Completed"/>.
    /// </param>
    public void RunRound(List<Proposal> requests)
    {
        if (_coreMoved)
        {
            Drain();
            MakeDurable();
        }

        TakeRequests(requests);
        if (_writes.HasMemberRequests)
        {
            _writes.DispatchMemberRequests(AppliedIndex, _now);
            _coreMoved = true;
        }

        if (_writes.IsHolding || _localRecords.Count > 0)
        {
            AppendRequests();
        }

        if (_reads.IsWaiting)
        {
            _reads.Begin(_now);
            _coreMoved = true;
        }

        if (_coreMoved)
        {
            Drain();
        }

        MakeDurable();
        ApplyLocalRecords();
        _apply.Run();
        _reads.OnApplied(AppliedIndex);
        RunWork(requests);
        OfferSnapshots();
        _apply.Publish();
        _outbox.Flush();
        TrimTail();
        Status.Update(_raft, AppliedIndex, DecidesAlone, ReadsAreLocal);
    }

    /// <summary>The node is unfit or stops: everything that waits is failed.</summary>
    /// <param name="requests">Those of the round that was under way.</param>
    public void FailAll(List<Proposal> requests)
    {
        foreach (Proposal request in requests)
        {
            request.Fail(EtcdError.Stopped, Completed);
        }

        _writes.FailAll(EtcdError.Stopped);
        _reads.FailAll(EtcdError.Stopped);
        _parts.LeaseCalls.OnLeaderLost(0, 0);
    }

    /// <summary>Hands leadership to another voter; sent at once. As work.</summary>
    public Refusal TransferLeadership(ulong to)
    {
        Refusal refusal = _raft.TransferLeadership(to);
        Drain();
        return refusal;
    }

    /// <summary>Hands leadership to the voter that could lead soonest: heard from lately and furthest ahead. As work.</summary>
    /// <returns>That voter; 0 when there is none, or this member does not lead.</returns>
    public ulong HandOverLeadership()
    {
        ulong successor = BestSuccessor();
        return successor != 0 && TransferLeadership(successor) == Refusal.None ? successor : 0;
    }

    /// <summary>
    /// Answers another member's question for the state of this one; see <see cref="SnapshotSources.Answer"/>. Any thread.
    /// </summary>
    public ReadOnlyMemory<byte> AnswerSnapshotQuestion(ulong from, ReadOnlySpan<byte> question) =>
        _snapshots.Sources.Answer(from, question);

    /// <summary>All parts of a state are here: it takes the place of log and store, if the core agrees. As work.</summary>
    /// <param name="session">Whose parts they are.</param>
    /// <param name="state">What they stand for.</param>
    /// <returns>Null; or why not, and what came is dropped.</returns>
    public string? InstallSnapshot(ulong session, ClusterState state)
    {
        string? refusal = _snapshots.Install(session, state);
        _coreMoved = true;
        return refusal;
    }

    /// <summary>What came of a state is not going to be completed. As work.</summary>
    public void AbandonSnapshot() => _snapshots.Abandon();

    /// <summary>Lets go of what is being sent to others, once nobody asks any more.</summary>
    public void CloseSnapshots() => _snapshots.Sources.Close();

    /// <summary>
    /// Where a replay from now on has to start, to be called as work: at the first entry that is not applied, even if younger records lie
    /// behind it.
    /// </summary>
    public LogPosition ReplayFrom(LogPosition end)
    {
        ulong next = AppliedIndex + 1;
        return next <= _log.DurableIndex ? SegmentedLog.RecordAt(_tail.Place(next).Payload) : end;
    }

    /// <summary>What a checkpoint of the store as it is now has to hold of the group. As work.</summary>
    public ClusterState CaptureCluster()
    {
        Membership membership = new(_parts.Members.Configuration, [.. _parts.Members.Members]);
        return new ClusterState(AppliedIndex, _parts.Store.AppliedTerm, _log.DurableState with { Commit = AppliedIndex }, membership);
    }

    /// <summary>
    /// The oldest segment with an entry that may have to be sent to a follower; none below it is needed for that. As work.
    /// </summary>
    /// <param name="spaceIsShort">The disk has no room: what followers lack they then get as a snapshot.</param>
    public uint OldestNeededSegment(bool spaceIsShort)
    {
        if (spaceIsShort)
        {
            ForgetBefore(AppliedIndex + 1);
        }

        return _tail.First <= _tail.Last ? _tail.Place(_tail.First).Payload.Segment : uint.MaxValue;
    }

    private ulong BestSuccessor()
    {
        MemberStatus best = default;
        foreach (MemberStatus follower in _raft.Followers())
        {
            bool canLead = follower.IsHeard && !follower.IsQuarantined && _raft.Configuration.Voters.Contains(follower.Member);
            if (canLead && (best.Member == 0 || follower.Match > best.Match))
            {
                best = follower;
            }
        }

        return best.Member;
    }

    private void Drain()
    {
        _coreMoved = false;
        Effects effects = _raft.Drain();
        _log.Take(effects);
        _isLifted |= effects.QuarantineLifted;
        if (effects.Configuration is { } configuration)
        {
            Follow(configuration);
        }

        _outbox.Send(effects.Messages);
        foreach (ref readonly ReadRelease release in effects.Reads)
        {
            _reads.OnRelease(release);
        }

        foreach (ulong member in effects.SnapshotsWanted)
        {
            _snapshots.Sources.Want(member);
        }

        if (effects.StatusChanged)
        {
            FollowStatus();
        }
    }

    private void FollowStatus()
    {
        if (_raft.Role == Role.Leader)
        {
            _parts.Leases.Promote(DecidesAlone ? TimeSpan.Zero : _options.LeaseExtension);
            _membership.OnLeading(_tail.Last);
        }
        else
        {
            _parts.Leases.Demote();
        }

        if (_raft.Leader != _leader)
        {
            _leader = _raft.Leader;
            LoseLeader(0);
        }
    }

    // A follower learns from the log whom to answer, and so could never take the part of it that tells of a leader that came later.
    private void IntroduceMembers()
    {
        if (_raft.Role != Role.Leader)
        {
            return;
        }

        foreach (MemberStatus follower in _raft.Followers())
        {
            if (follower.State != ProgressState.Replicate || !follower.IsHeard)
            {
                _outbox.Introduce(follower.Member, new MembersFrame(_tail.Last, _parts.Members.InForce));
            }
        }
    }

    private void Follow(Configuration inForce)
    {
        _parts.Members.Follow(inForce);
        if (inForce.Voters.Length > 0)
        {
            _hasPeers = MemberRecord.HasOtherVoters(inForce, _options.Raft.Id);
        }

        ShowMembers();
    }

    private void ShowMembers() => _outbox.SetMembers(_parts.Members.Addresses(), _parts.Members.Configuration);

    private void LoseLeader(ulong member)
    {
        _writes.OnLeaderLost(member);
        _reads.OnLeaderLost(member);
        _parts.LeaseCalls.OnLeaderLost(member, _raft.Leader);
    }

    private void MakeDurable()
    {
        while (_log.IsOwing || _log.HasBatch)
        {
            if (!TryAppendOwed())
            {
                return;
            }

            _outbox.Flush();
            KeepInMemberFile();
            _host.CommitLog();
            _log.Committed();
            TakeOver();
            LiftQuarantine();
            _raft.OnDurable(_log.DurableWrite);
            _outbox.Release(_log.DurableWrite);
            Drain();
        }
    }

    // Before the batch that has the same, so that nothing is promised that a member without its log would not know. A file that says "no
    // peers" too early or "peers" too late only makes damage be refused that could have been mended.
    private void KeepInMemberFile()
    {
        MemberRecord known = _parts.Member.Current;
        HardState state = _log.WantedState;
        if (state.Term != known.Term || state.Vote != known.Vote || _hasPeers != known.HasPeers)
        {
            _parts.Member.Write(known with { Term = state.Term, Vote = state.Vote, HasPeers = _hasPeers });
        }
    }

    // After the batch that fills the last gap, and before the acknowledgement that says so.
    private void LiftQuarantine()
    {
        if (_isLifted)
        {
            _isLifted = false;
            _parts.Member.Write(_parts.Member.Current with { Damage = null });
        }
    }

    private void TakeOver()
    {
        if (_snapshots.TryTakeOver(out ulong index))
        {
            _writes.OnStateReplaced(index);
            _parts.Members.AppliedThrough(index);
            ShowMembers();
        }
    }

    // The state at a round's end is that of an applied entry.
    private void OfferSnapshots()
    {
        if (_snapshots.Sources.IsWanted)
        {
            _snapshots.Sources.Offer(_raft, CaptureCluster(), _now);
            _coreMoved = true;
        }
    }

    private bool TryAppendOwed()
    {
        try
        {
            _log.AppendOwed();
            _diskIsFull = false;
            return true;
        }
        catch (DiskFullException)
        {
            BatchWasDropped();
            return false;
        }
    }

    private void TakeRequests(List<Proposal> requests)
    {
        foreach (Proposal request in requests)
        {
            if (request.Failure is not null)
            {
                request.Fail(request.Failure, Completed);
            }
            else if (request.Kind == Proposal.ReadBarrier)
            {
                _reads.Take(request, _now);
            }
            else if (request.Kind >= LocalRecordKind.First)
            {
                _localRecords.Add(request);
            }
            else if (request.LoopWork is null)
            {
                _writes.Hold(request, _now);
            }
        }
    }

    private void AppendRequests()
    {
        try
        {
            // A follower that only forwards has nothing to append.
            bool proposes = _writes.MayPropose;
            if (_log.IsOwing || proposes || _localRecords.Count > 0)
            {
                _log.AppendOwed();
            }

            foreach (Proposal record in _localRecords)
            {
                record.Position = _log.Append(record.Kind, 0, _raft.Term, record.Payload.Span);
            }

            bool isProposed = _writes.IsHolding && proposes;
            _writes.Dispatch(_now);
            _coreMoved = true;
            _gaveWay &= !isProposed;
        }
        catch (DiskFullException)
        {
            _writes.RefuseForSpace();
            BatchWasDropped();
        }
    }

    /// <summary>
    /// A leader that has refused writes for want of space for an election timeout lets another lead. Once only, until it has taken some:
    /// when all disks are full, leadership must not go round and round.
    /// </summary>
    private void GiveWayWhenFull()
    {
        if (_diskIsFull && !_gaveWay && _raft.Role == Role.Leader && _now - _fullSince >= _options.Raft.ElectionTicks)
        {
            _gaveWay = true;
            HandOverLeadership();
        }
    }

    // Local records are not owed: who asked for them asks again.
    private void BatchWasDropped()
    {
        _fullSince = _diskIsFull ? _fullSince : _now;
        _diskIsFull = true;
        _parts.Metrics.DiskFull();
        foreach (Proposal record in _localRecords)
        {
            record.Fail(EtcdError.NoSpace, Completed);
        }

        _localRecords.Clear();
    }

    private void ApplyLocalRecords()
    {
        foreach (Proposal record in _localRecords)
        {
            if (record.Kind == LocalRecordKind.SnapshotPart)
            {
                _snapshots.Take(record.Payload, record.Position);
            }
            else
            {
                RelocationRecord.Apply(_parts.Store, record.Payload, record.Position);
            }

            record.Succeed(default, Completed);
        }

        _localRecords.Clear();
    }

    // After the whole batch, so that the work sees a state that belongs to the end of the log.
    private void RunWork(List<Proposal> requests)
    {
        foreach (Proposal request in requests)
        {
            if (request.LoopWork is { } work && request.IsWaiting)
            {
                work();
                request.Succeed(default, Completed);
            }
        }
    }

    // In steps: forgetting costs the core a little each time.
    private void TrimTail()
    {
        ulong keep = DecidesAlone && _raft.Configuration.Learners.IsEmpty ? 0UL : _options.KeptEntries;
        ulong applied = AppliedIndex;
        ulong known = _tail.First <= applied ? applied - _tail.First + 1 : 0;
        if (known >= keep + TrimStep)
        {
            ForgetBefore(applied - keep + 1);
        }

        if (_tail.Bytes > _options.KeptBytes + (_options.KeptBytes / 8))
        {
            ForgetBefore(_tail.FirstWithin(_options.KeptBytes, applied + 1));
        }
    }

    private void ForgetBefore(ulong index)
    {
        if (index > _tail.First)
        {
            _tail.ForgetBefore(index);
            _raft.OnCompacted(index - 1);
        }
    }
}

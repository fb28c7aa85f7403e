namespace Etcdish.Consensus;

/// <summary>One term of leading: made when the election is won, dropped when the member steps down.</summary>
internal sealed class Leadership
{
    private readonly NodeCore _core;
    private readonly FollowerTable _followers;
    private readonly Sender _sender;
    private readonly ReadQueue _reads;
    private readonly UncommittedBytes _uncommitted;
    private readonly LeadershipTransfer _transfer = new();
    private readonly MembershipChanges _membership;
    private ulong _termStart;
    private int _heartbeatElapsed;
    private bool _heartbeatDue;
    private bool _dismissDue;
    private bool _resignDue;

    internal Leadership(NodeCore core)
    {
        _core = core;
        _followers = new FollowerTable(core);
        _sender = new Sender(core);
        _membership = new MembershipChanges(core, _followers);
        _reads = new ReadQueue(core.Options.MaxPendingReads);
        _uncommitted = new UncommittedBytes(core.Options.MaxUncommittedBytes);
    }

    internal IReadOnlyList<Progress> Followers => _followers.All;

    internal ulong TransferTarget => _transfer.Target;

    internal int PendingReads => _reads.Count;

    /// <summary>An entry of the own term is committed: only now does the leader know what is (Raft, section 5.4.2).</summary>
    private bool TermIsOpen => _core.Commit >= _termStart;

    /// <summary>No one else decides: there is nobody to hear from or to hand over to.</summary>
    private bool IsAlone => _core.Configurations.Current is { IsJoint: false, Voters: [var only] } && only == _core.Self;

    internal void Open()
    {
        _termStart = _core.Log.LastIndex + 1;
        _followers.Welcome();
        _core.Make(new EntryHeader(_termStart, _core.Term, EntryType.Empty));
    }

    internal bool IsHeard(Progress follower) => _followers.IsHeard(follower);

    internal void End() => _reads.FailAll(_core.Effects);

    internal void Tick()
    {
        if (!IsAlone && MustResign())
        {
            return;
        }

        _transfer.AbortWhenOverdue(_core.Now, _core.Options.ElectionTicks);
        if (++_heartbeatElapsed >= _core.Options.HeartbeatTicks)
        {
            _heartbeatDue = true;
        }
    }

    internal ProposalResult Propose(int count, long bytes)
    {
        if (_transfer.IsUnderWay || _resignDue)
        {
            return new ProposalResult(Refusal.LeadershipTransfer, 0, 0);
        }

        if (!_uncommitted.Admits(bytes))
        {
            return new ProposalResult(Refusal.TooManyUncommittedBytes, 0, 0);
        }

        var first = _core.Log.LastIndex + 1;
        var last = _core.Log.LastIndex + (ulong)count;
        _core.Append(new EntryRange(first, last, _core.Term, EntryType.Command));
        _uncommitted.Add(last, bytes);
        return new ProposalResult(Refusal.None, first, _core.Term);
    }

    internal ProposalResult ProposeConfiguration(ReadOnlySpan<MemberChange> changes)
    {
        if (_transfer.IsUnderWay || _resignDue)
        {
            return new ProposalResult(Refusal.LeadershipTransfer, 0, 0);
        }

        return TermIsOpen ? _membership.Propose(changes) : new ProposalResult(Refusal.ChangeInFlight, 0, 0);
    }

    internal Refusal ReadBarrier(ulong token)
    {
        if (_resignDue)
        {
            return Refusal.NotLeader;
        }

        if (_reads.IsFull)
        {
            return Refusal.TooManyReads;
        }

        // Whatever was committed under earlier leaders lies before this term's first entry.
        _reads.Add(token, Math.Max(_core.Commit, _termStart));
        return Refusal.None;
    }

    internal Refusal TransferTo(ulong target)
    {
        var follower = _followers.Find(target);
        if (follower is null || follower.Quarantined || !_core.Configurations.Current.Voters.Contains(target))
        {
            return Refusal.InvalidTransferTarget;
        }

        _transfer.Begin(target, _core.Now);
        return Refusal.None;
    }

    internal IgnoredReason OnAppendResponse(in Message response)
    {
        if (_followers.Find(response.From) is not { } follower)
        {
            return IgnoredReason.UnknownMember;
        }

        NoteQuarantine(follower, response);
        follower.Heard(_core.Now);
        if (response.Reject)
        {
            OnRefused(follower, response);
        }
        else
        {
            OnMatched(follower, response.Index);
        }

        return IgnoredReason.None;
    }

    internal IgnoredReason OnHeartbeatResponse(in Message response)
    {
        if (_followers.Find(response.From) is not { } follower)
        {
            return IgnoredReason.UnknownMember;
        }

        if (response.ReadPosition > _reads.Asked)
        {
            return IgnoredReason.Malformed;
        }

        if (response.Quarantine != 0 && response.Quarantine != follower.Quarantine)
        {
            follower.EnterQuarantine(response.Quarantine, _core.Log.LastIndex);
        }

        follower.Heard(_core.Now);
        follower.ConfirmRead(response.ReadPosition);
        follower.OnSignOfLife(_core.Log.LastIndex);
        return IgnoredReason.None;
    }

    internal void OnUnreachable(ulong member)
    {
        if (_followers.Find(member) is { State: ProgressState.Replicate } follower)
        {
            follower.BecomeProbe();
        }
    }

    internal bool OfferSnapshot(ulong to, ulong index, ulong term)
    {
        if (_followers.Find(to) is not { State: ProgressState.Snapshot } follower)
        {
            return false;
        }

        follower.OfferSnapshot(index);
        _core.Send(new Message { Type = MessageType.Snapshot, To = to, Index = index, LogTerm = term });
        return true;
    }

    internal void OnSnapshotEnded(ulong member, bool installed)
    {
        if (_followers.Find(member) is { State: ProgressState.Snapshot } follower)
        {
            follower.OnSnapshotEnded(installed);
        }
    }

    /// <summary>Commits what a quorum keeps, provided that it is of this term.</summary>
    internal void TryCommit()
    {
        var durable = _followers.QuorumDurable();
        if (durable <= _core.Commit || !_core.Log.Matches(durable, _core.Term))
        {
            return;
        }

        _core.AdvanceCommit(durable);
        _uncommitted.OnCommitted(durable);
        if (_membership.OnCommitted())
        {
            _dismissDue = true;
            _resignDue = !_core.Configurations.Current.IsVoter(_core.Self);
        }
    }

    /// <summary>Ends a batch: everything that it made necessary goes out.</summary>
    internal void Flush()
    {
        if (TermIsOpen)
        {
            _reads.Release(_followers.QuorumConfirmed(), _core.Effects);
        }

        if (_heartbeatDue || _reads.RoundIsDue)
        {
            BroadcastHeartbeat();
        }

        foreach (var follower in _followers.All)
        {
            _sender.SendAppends(follower);
            _transfer.TellWhenReady(_core, follower);
        }

        if (_dismissDue)
        {
            _followers.Dismiss();
            _dismissDue = false;
        }

        if (_resignDue)
        {
            HandOver();
        }
    }

    private void BroadcastHeartbeat()
    {
        var position = _reads.Ask();
        foreach (var follower in _followers.All)
        {
            _sender.SendHeartbeat(follower, position);
            if (_heartbeatDue)
            {
                follower.ExpectSignOfLife();
            }
        }

        if (_heartbeatDue)
        {
            _heartbeatElapsed = 0;
            _heartbeatDue = false;
        }
    }

    /// <summary>
    /// Keeps the book of who is whole. An answer without a quarantine that reaches the target ends it here; one that does not may be from
    /// before the loss, so it moves what is sent, as any does, but still promises nothing.
    /// </summary>
    private void NoteQuarantine(Progress follower, in Message response)
    {
        if (response.Quarantine != 0 && response.Quarantine != follower.Quarantine)
        {
            follower.EnterQuarantine(response.Quarantine, _core.Log.LastIndex);
        }

        if (response.Quarantine == 0 && follower.Quarantined && !response.Reject && response.Index >= follower.QuarantineTarget)
        {
            follower.LeaveQuarantine();
        }
    }

    private void OnRefused(Progress follower, in Message response)
    {
        var hint = response.HintTerm == 0
            ? response.HintIndex
            : _core.Log.LastIndexNotAbove(response.HintIndex, response.HintTerm);
        if (response.LastIndex < follower.Match)
        {
            follower.OnLost(Math.Min(response.LastIndex, hint));
            return;
        }

        follower.OnRefused(response.Index, hint);
    }

    private void OnMatched(Progress follower, ulong index)
    {
        ConsensusInvariantException.Check(
            index <= _core.Log.LastIndex,
            $"{follower.Member} acknowledged entry {index}, but the leader's log ends at {_core.Log.LastIndex}");
        follower.OnMatched(index);
        var agrees = follower.State == ProgressState.Probe && follower.Match == index;
        var hasState = follower.State == ProgressState.Snapshot && follower.Match >= _core.Log.BaseIndex;
        if (agrees || hasState)
        {
            follower.BecomeReplicate();
        }

        TryCommit();
    }

    /// <summary>
    /// A leader that a quorum no longer answers keeps, by its heartbeats, the rest from electing another (openraft #2080): it goes. One
    /// whose disk stands still could keep its followers for ever, as sending needs no disk: it hands over.
    /// </summary>
    private bool MustResign()
    {
        if (!_followers.QuorumIsHeard())
        {
            _core.BecomeFollower(_core.Term, leader: 0);
            return true;
        }

        if (_core.DiskIsOverdue)
        {
            HandOver();
            return true;
        }

        return false;
    }

    private void HandOver()
    {
        if (_followers.BestSuccessor() is { } successor)
        {
            _core.Send(new Message { Type = MessageType.TimeoutNow, To = successor.Member });
        }

        _core.BecomeFollower(_core.Term, leader: 0);
    }
}

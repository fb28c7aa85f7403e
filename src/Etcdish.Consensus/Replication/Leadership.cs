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
    private ulong _termStart;
    private ulong _configurationDone;
    private int _heartbeatElapsed;
    private bool _heartbeatDue;
    private bool _dismissDue;
    private bool _resignDue;

    internal Leadership(NodeCore core)
    {
        _core = core;
        _followers = new FollowerTable(core);
        _sender = new Sender(core);
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
        _configurationDone = _core.Commit;
        _followers.Welcome();
        Make(new EntryHeader(_termStart, _core.Term, EntryType.Empty));
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

        var current = _core.Configurations.Current;
        if (!TermIsOpen || current.IsJoint || _core.Configurations.CurrentIndex > _core.Commit)
        {
            return new ProposalResult(Refusal.ChangeInFlight, 0, 0);
        }

        var next = ConfigurationPlan.TryApply(current, changes, out var reason);
        if (next is null)
        {
            return new ProposalResult(Refusal.InvalidChange, 0, 0, reason);
        }

        foreach (var change in changes)
        {
            if (change.Kind == MemberChangeKind.Promote && !HasCaughtUp(change.Member))
            {
                return new ProposalResult(Refusal.LearnerBehind, 0, 0);
            }
        }

        return new ProposalResult(Refusal.None, AppendConfiguration(next), _core.Term);
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
        _transfer.TellWhenReady(_core, follower);
        return Refusal.None;
    }

    internal IgnoredReason OnAppendResponse(in Message response)
    {
        if (_followers.Find(response.From) is not { } follower)
        {
            return IgnoredReason.UnknownMember;
        }

        if (!NoteQuarantine(follower, response))
        {
            return IgnoredReason.Late;
        }

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

        if (response.Quarantined && !follower.Quarantined)
        {
            follower.EnterQuarantine(_core.Log.LastIndex);
        }

        follower.Heard(_core.Now);
        follower.ConfirmRead(response.ReadPosition);
        follower.ResumeProbe();
        follower.AppendDue |= follower.Match < _core.Log.LastIndex || follower.Quarantined;
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
        OnConfigurationCommitted();
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
        if (_heartbeatDue)
        {
            _heartbeatElapsed = 0;
            _heartbeatDue = false;
        }

        var position = _reads.Ask();
        foreach (var follower in _followers.All)
        {
            _sender.SendHeartbeat(follower, position);
        }
    }

    /// <summary>Keeps the book of who is whole.</summary>
    /// <returns>False for an answer from before the loss that the follower spoke of since.</returns>
    private bool NoteQuarantine(Progress follower, in Message response)
    {
        if (response.Quarantined)
        {
            if (!follower.Quarantined)
            {
                follower.EnterQuarantine(_core.Log.LastIndex);
            }

            return true;
        }

        if (follower.Quarantined && !response.Reject)
        {
            if (response.Index < follower.QuarantineTarget)
            {
                return false;
            }

            follower.LeaveQuarantine();
        }

        return true;
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
        var grew = follower.OnMatched(index);
        if (follower.State == ProgressState.Probe && (grew || follower.Match == index))
        {
            follower.BecomeReplicate();
        }
        else if (follower.State == ProgressState.Snapshot && follower.Match >= _core.Log.BaseIndex)
        {
            follower.BecomeReplicate();
        }

        if (grew)
        {
            TryCommit();
            _transfer.TellWhenReady(_core, follower);
        }
    }

    /// <summary>
    /// Called when the commit index advanced, so that an entry of this term is committed: a joint configuration inherited from an earlier
    /// leader is left only after that, as it was not known to be committed before.
    /// </summary>
    private void OnConfigurationCommitted()
    {
        var index = _core.Configurations.CurrentIndex;
        if (index > _core.Commit)
        {
            return;
        }

        if (_core.Configurations.Current.IsJoint)
        {
            AppendConfiguration(ConfigurationPlan.Leave(_core.Configurations.Current));
        }
        else if (index > _configurationDone)
        {
            _configurationDone = index;
            _dismissDue = true;
            _resignDue = !_core.Configurations.Current.IsVoter(_core.Self);
        }
    }

    private ulong AppendConfiguration(Configuration configuration)
    {
        var index = _core.Log.LastIndex + 1;
        Make(new EntryHeader(index, _core.Term, EntryType.Configuration, configuration));
        _followers.Welcome();
        return index;
    }

    private void Make(in EntryHeader entry)
    {
        _core.Append(new EntryRange(entry.Index, entry.Index, entry.Term, entry.Type, entry.Configuration));
        _core.EntryLog.OnEntryMade(entry);
    }

    private bool HasCaughtUp(ulong learner) =>
        _followers.Find(learner) is { State: ProgressState.Replicate, Quarantined: false } follower
        && _followers.IsHeard(follower)
        && _core.Log.LastIndex - follower.Match <= _core.Options.PromotionLag;

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

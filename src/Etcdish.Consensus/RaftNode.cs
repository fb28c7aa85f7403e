namespace Etcdish.Consensus;

/// <summary>
/// One member of a Raft group as a pure state machine: calls in, <see cref="Effects"/> out. It knows no clock, thread, file or socket; time
/// is the number of <see cref="Tick"/> calls. Not thread-safe: one logical thread owns it. The room's README tells how a host drives it.
/// Every method may throw <see cref="ConsensusInvariantException"/>; the node must not be used after that.
/// </summary>
public sealed class RaftNode
{
    private readonly NodeCore _core;
    private readonly long[] _ignored = new long[Enum.GetValues<IgnoredReason>().Length];
    private Effects _spare = new();
    private (ulong Term, Role Role, ulong Leader) _lastStatus;

    /// <summary>Starts a member, as a follower, from what its disk holds.</summary>
    /// <param name="options">Who it is, and its limits.</param>
    /// <param name="restored">What it remembers. It belongs to the node from now on.</param>
    /// <param name="log">The host's log in memory.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <exception cref="ConsensusInvariantException">
    /// The log ends before what is known to be committed, and no quarantine was asked for.
    /// </exception>
    public RaftNode(RaftOptions options, RestoredState restored, IEntryLog log)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(restored);
        ArgumentNullException.ThrowIfNull(log);
        options.Validate();
        _core = new NodeCore(options, restored, log);
        _lastStatus = (_core.Term, _core.Role, _core.Leader);
    }

    /// <summary>What this member is doing.</summary>
    public Role Role => _core.Role;

    /// <summary>Its term.</summary>
    public ulong Term => _core.Term;

    /// <summary>The leader known to it; 0 when none is.</summary>
    public ulong Leader => _core.Leader;

    /// <summary>The highest index known to be committed.</summary>
    public ulong Commit => _core.Commit;

    /// <summary>The highest index that the host reported as applied.</summary>
    public ulong Applied => _core.Applied;

    /// <summary>The last entry of its log.</summary>
    public ulong LastIndex => _core.Log.LastIndex;

    /// <summary>The last entry of its log that is durable here.</summary>
    public ulong DurableIndex => _core.Writes.DurableIndex;

    /// <summary>The membership in force: the newest in the log, committed or not.</summary>
    public Configuration Configuration => _core.Configurations.Current;

    /// <summary>The newest membership that is known to be committed; nothing takes it back.</summary>
    public Configuration CommittedConfiguration => _core.CommittedConfiguration;

    /// <summary>The member lost part of its log and is being refilled; it neither votes nor counts.</summary>
    public bool IsQuarantined => _core.Quarantined;

    /// <summary>The voter that leadership is being handed to; 0 when none is.</summary>
    public ulong TransferTarget => _core.Leadership?.TransferTarget ?? 0;

    /// <summary>Reads that wait for a quorum's confirmation.</summary>
    public int PendingReads => _core.Leadership?.PendingReads ?? 0;

    /// <summary>
    /// Takes a message from another member. The headers of an append's entries come beside it; other messages have none.
    /// </summary>
    /// <param name="message">The frame as it came; whatever it claims is checked here.</param>
    /// <param name="entries">
    /// Headers of the entries after <see cref="Message.Index"/> up to <see cref="Message.LastIndex"/>, in order.
    /// </param>
    /// <returns>Why the message was ignored, which entries the log now holds anew, and whether offered state is to be received.</returns>
    public StepResult Step(in Message message, ReadOnlySpan<EntryHeader> entries)
    {
        var termBefore = _core.Term;
        var ignored = FrameCheck.Inspect(_core, message, entries);
        if (ignored == IgnoredReason.None)
        {
            ignored = TakeTerm(message);
        }

        var result = ignored == IgnoredReason.None ? Dispatch(message, entries) : new StepResult(ignored);
        if (result.Ignored == IgnoredReason.Late && _core.Term != termBefore)
        {
            // What it said was its term, and that was heard.
            return default;
        }

        if (result.Ignored != IgnoredReason.None)
        {
            _ignored[(int)result.Ignored]++;
        }

        return result;
    }

    /// <summary>One tick of time passed.</summary>
    public void Tick()
    {
        _core.Now++;
        if (_core.Leadership is { } leadership)
        {
            leadership.Tick();
            return;
        }

        _core.ElectionElapsed++;
        if (_core.ElectionElapsed >= _core.ElectionTimeout)
        {
            Campaign(CampaignKind.PreVote);
        }
    }

    /// <summary>Campaigns now, without waiting for the election timeout: for tests, and for a member that decides alone.</summary>
    public void Campaign() => Campaign(CampaignKind.PreVote);

    /// <summary>
    /// Proposes commands, whose bytes the host keeps under the indexes returned. Committed is what is applied at the same index
    /// <b>with the same term</b>; another term at that index means that the proposal was lost.
    /// </summary>
    /// <param name="count">How many entries, from 1.</param>
    /// <param name="bytes">The size of all of them together.</param>
    /// <returns>The first index; the others follow it. Or why not.</returns>
    /// <exception cref="ArgumentOutOfRangeException">No entries, or a negative size.</exception>
    public ProposalResult Propose(int count, long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        return _core.Leadership?.Propose(count, bytes) ?? new ProposalResult(Refusal.NotLeader, 0, 0);
    }

    /// <summary>
    /// Proposes a change of the membership. It is in force at once and final when committed. More than one voter more or less goes through
    /// a joint configuration, which the leader leaves by itself.
    /// </summary>
    /// <param name="changes">The steps, taken together; each member at most once.</param>
    /// <returns>The index of the entry that the host is to write (see <see cref="Effects.Entries"/>), or why not.</returns>
    public ProposalResult ProposeConfiguration(ReadOnlySpan<MemberChange> changes) =>
        _core.Leadership?.ProposeConfiguration(changes) ?? new ProposalResult(Refusal.NotLeader, 0, 0);

    /// <summary>
    /// Asks for a linearizable read (thesis, section 6.4). It ends in <see cref="Effects.Reads"/>: confirmed with the index that must be
    /// applied first, or not confirmed when leadership was lost.
    /// </summary>
    /// <param name="token">The caller's number for it; the core only hands it back.</param>
    /// <returns><see cref="Refusal.None"/> when it was taken.</returns>
    public Refusal ReadBarrier(ulong token) => _core.Leadership?.ReadBarrier(token) ?? Refusal.NotLeader;

    /// <summary>
    /// Hands leadership to a voter; proposals are refused meanwhile. Given up after an election timeout. Success shows as a new leader.
    /// </summary>
    /// <param name="to">A voter other than this member.</param>
    /// <returns><see cref="Refusal.None"/> when it was begun.</returns>
    public Refusal TransferLeadership(ulong to) => _core.Leadership?.TransferTo(to) ?? Refusal.NotLeader;

    /// <summary>All writes up to this number are durable: synced, and the sync succeeded.</summary>
    /// <param name="write">As given by <see cref="Effects.Write"/>.</param>
    public void OnDurable(ulong write)
    {
        _core.Writes.OnDurable(write);
        _core.Campaign?.OnDurable();
        _core.Leadership?.TryCommit();
    }

    /// <summary>The state machine holds everything up to an index.</summary>
    /// <param name="index">Not above <see cref="Commit"/> and never lower than before.</param>
    public void OnApplied(ulong index) => _core.AdvanceApplied(index);

    /// <summary>Entries up to an index left the host's log.</summary>
    /// <param name="through">The last one that left; not above <see cref="Applied"/>.</param>
    public void OnCompacted(ulong through) => _core.Compact(through);

    /// <summary>The membership in force at an index, for the state that a snapshot of that index carries.</summary>
    /// <param name="index">From the base of the log to <see cref="LastIndex"/>.</param>
    /// <returns>The membership.</returns>
    public Configuration ConfigurationAt(ulong index) => _core.Configurations.At(index);

    /// <summary>
    /// The host has state for a follower named in <see cref="Effects.SnapshotsWanted"/>: emits the offer, which goes ahead of the state
    /// on the bulk connection.
    /// </summary>
    /// <param name="to">The follower.</param>
    /// <param name="index">The last entry in the state, applied here.</param>
    /// <param name="term">Its term.</param>
    /// <returns>False when it is no longer wanted.</returns>
    /// <exception cref="ArgumentOutOfRangeException">State beyond what is committed.</exception>
    public bool OfferSnapshot(ulong to, ulong index, ulong term)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(index, Commit);
        return _core.Leadership?.OfferSnapshot(to, index, term) ?? false;
    }

    /// <summary>Sending state to a follower ended. Without this call the follower receives no entries.</summary>
    /// <param name="to">The follower.</param>
    /// <param name="installed">It arrived and was taken.</param>
    public void ReportSnapshot(ulong to, bool installed) => _core.Leadership?.OnSnapshotEnded(to, installed);

    /// <summary>
    /// What was sent to or by a member lately was probably lost. To a leader: the next append looks where the member's log ends. To a
    /// member that followed it: it counts as silent for the shortest election timeout, until it is heard again.
    /// </summary>
    /// <param name="member">The member.</param>
    public void ReportUnreachable(ulong member)
    {
        _core.Leadership?.OnUnreachable(member);
        if (member == _core.Leader)
        {
            _core.DoubtLeader();
        }
    }

    /// <summary>
    /// State that was offered has arrived whole and was verified: may it take the place of log and state machine? If so the core goes on
    /// from it, and the next effects hold <see cref="Effects.Reset"/>.
    /// </summary>
    /// <param name="snapshot">What the state stands for.</param>
    /// <returns>False when the log went past it meanwhile; the host drops it then.</returns>
    public bool OnSnapshotReceived(LogBase snapshot)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        return Replica.OnSnapshotReceived(_core, snapshot);
    }

    /// <summary>How many messages were ignored for a reason since the start.</summary>
    /// <param name="reason">The reason.</param>
    /// <returns>The count.</returns>
    public long IgnoredMessages(IgnoredReason reason) => _ignored[(int)reason];

    /// <summary>The followers of a leader in ascending order of ids; nothing for other roles.</summary>
    /// <returns>A new array.</returns>
    public MemberStatus[] Followers() => _core.Leadership is not { } leadership ? [] :
    [
        .. leadership.Followers.Select(follower => new MemberStatus(
            follower.Member,
            follower.State,
            follower.Match,
            follower.Next,
            follower.Inflights.Bytes,
            leadership.IsHeard(follower),
            follower.Quarantined)),
    ];

    /// <summary>Ends a batch of calls: what is to be done since the drain before.</summary>
    /// <returns>The effects, valid until the next drain.</returns>
    public Effects Drain()
    {
        _core.Leadership?.Flush();
        var filled = _core.Effects;
        filled.Write = _core.Writes.Seal(_core.Log.LastIndex, _core.Now);
        filled.HardState = new HardState(_core.Term, _core.Vote, _core.Commit);
        var status = (_core.Term, _core.Role, _core.Leader);
        filled.StatusChanged = status != _lastStatus;
        _lastStatus = status;
        _spare.Clear();
        _core.Effects = _spare;
        _spare = filled;
        return filled;
    }

    private void Campaign(CampaignKind kind)
    {
        if (_core.Role == Role.Leader)
        {
            return;
        }

        if (_core.MayCampaign)
        {
            _core.BeginCampaign(kind);
        }
        else
        {
            _core.LoseSightOfLeader();
        }
    }

    /// <summary>Brings this member's term and the message's together (Raft, figure 2, "rules for servers").</summary>
    private IgnoredReason TakeTerm(in Message message)
    {
        if (message.Term < _core.Term)
        {
            return AnswerStale(message);
        }

        if (message.Term == _core.Term)
        {
            return IgnoredReason.None;
        }

        var isCampaign = message.Type is MessageType.PreVote or MessageType.Vote;
        if (isCampaign && _core.LeaderIsAlive && !message.Transfer)
        {
            return IgnoredReason.LeaderAlive;
        }

        // A pre-vote and its grant speak of a term that nobody is in yet.
        var isOfNoTerm = message.Type == MessageType.PreVote || (message.Type == MessageType.PreVoteResponse && !message.Reject);
        if (!isOfNoTerm)
        {
            var leads = message.Type is MessageType.Append or MessageType.Heartbeat or MessageType.Snapshot;
            _core.BecomeFollower(message.Term, leads ? message.From : 0);
        }

        return IgnoredReason.None;
    }

    /// <summary>
    /// A leader of an earlier term is told of this one: it steps down, and an election takes in the member whose term ran ahead. With
    /// pre-vote and leases on, such a member would else be stuck. Campaigns of earlier terms are refused with the same effect.
    /// </summary>
    private IgnoredReason AnswerStale(in Message message)
    {
        if (message.Type is MessageType.Append or MessageType.Heartbeat or MessageType.Snapshot)
        {
            _core.Send(new Message { Type = MessageType.AppendResponse, To = message.From, Reject = true, Quarantine = _core.Quarantine });
        }
        else if (message.Type is MessageType.PreVote or MessageType.Vote)
        {
            Ballot.Refuse(_core, message);
        }

        return IgnoredReason.StaleTerm;
    }

    private StepResult Dispatch(in Message message, ReadOnlySpan<EntryHeader> entries)
    {
        switch (message.Type)
        {
            case MessageType.Append:
                _core.Follow(message.From);
                return Replica.OnAppend(_core, message, entries);
            case MessageType.Heartbeat:
                _core.Follow(message.From);
                Replica.OnHeartbeat(_core, message);
                return default;
            case MessageType.Snapshot:
                _core.Follow(message.From);
                return new StepResult(IgnoredReason.None, SnapshotExpected: Replica.WantsSnapshot(_core, message));
            case MessageType.PreVote or MessageType.Vote:
                Ballot.Answer(_core, message);
                return default;
            case MessageType.PreVoteResponse or MessageType.VoteResponse:
                return new StepResult(_core.Campaign?.OnResponse(message) ?? IgnoredReason.Late);
            case MessageType.AppendResponse:
                return new StepResult(_core.Leadership?.OnAppendResponse(message) ?? IgnoredReason.Late);
            case MessageType.HeartbeatResponse:
                return new StepResult(_core.Leadership?.OnHeartbeatResponse(message) ?? IgnoredReason.Late);
            default:
                return new StepResult(OnTimeoutNow(message));
        }
    }

    private IgnoredReason OnTimeoutNow(in Message message)
    {
        if (_core.Role == Role.Leader || (_core.Leader != 0 && _core.Leader != message.From) || !_core.MayCampaign)
        {
            return IgnoredReason.Late;
        }

        _core.BeginCampaign(CampaignKind.Transfer);
        return IgnoredReason.None;
    }
}

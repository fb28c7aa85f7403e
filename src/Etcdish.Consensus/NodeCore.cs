namespace Etcdish.Consensus;

/// <summary>
/// What every part of a node reads, and the few changes that several parts make. The parts themselves are <see cref="Ballot"/> (answers
/// campaigns), <see cref="Replica"/> (takes what a leader sends), <see cref="Campaign"/> and <see cref="Leadership"/> (exist only while
/// the member campaigns or leads, so that nothing of an earlier term can be left over in them).
/// </summary>
internal sealed class NodeCore
{
    private readonly SeededRandom _random;

    internal NodeCore(RaftOptions options, RestoredState restored, IEntryLog entryLog)
    {
        Options = options;
        EntryLog = entryLog;
        Log = restored.Log;
        Configurations = restored.Configurations;
        Writes = new WriteTracker(Log.LastIndex);
        Term = restored.HardState.Term;
        Vote = restored.HardState.Vote;
        Commit = RestoredCommit(restored);
        Applied = Math.Max(restored.Applied, Log.BaseIndex);
        CommittedConfiguration = Configurations.At(Commit);
        ConsensusInvariantException.Check(Term >= Log.LastTerm, "the hard state's term is not below the log's");
        _random = new SeededRandom(options.Seed);
        Quarantine = restored.Quarantined ? _random.Next() | 1 : 0;
        ResetElectionTimer();
    }

    internal RaftOptions Options { get; }

    internal IEntryLog EntryLog { get; }

    internal TermLog Log { get; }

    internal ConfigurationHistory Configurations { get; }

    internal WriteTracker Writes { get; }

    /// <summary>The batch being filled.</summary>
    internal Effects Effects { get; set; } = new();

    internal ulong Self => Options.Id;

    internal ulong Term { get; private set; }

    internal ulong Vote { get; private set; }

    internal ulong Leader { get; private set; }

    internal Role Role { get; private set; }

    internal ulong Commit { get; private set; }

    internal ulong Applied { get; private set; }

    /// <summary>
    /// Not 0 while this member's log may lack what it acknowledged. The number is another one at each start, so that what a leader grants
    /// to one quarantine cannot end a later one.
    /// </summary>
    internal ulong Quarantine { get; private set; }

    internal bool Quarantined => Quarantine != 0;

    /// <summary>The configuration in force at the commit index: what it says of removed members is final.</summary>
    internal Configuration CommittedConfiguration { get; private set; }

    internal Campaign? Campaign { get; private set; }

    internal Leadership? Leadership { get; private set; }

    /// <summary>Ticks since the start.</summary>
    internal ulong Now { get; set; }

    /// <summary>Ticks since a leader was heard, a vote given or a campaign begun. A leader's stands still.</summary>
    internal int ElectionElapsed { get; set; }

    internal int ElectionTimeout { get; private set; }

    /// <summary>
    /// A leader was heard within the shortest election timeout, so a quorum may still follow it. A leader itself is always within: it
    /// resigns by its own clock when a quorum is silent for as long.
    /// </summary>
    internal bool LeaderIsAlive => Leader != 0 && ElectionElapsed < Options.ElectionTicks;

    internal bool DiskIsOverdue => Writes.IsOverdue(Now, Options.ElectionTicks);

    /// <summary>
    /// A voter may, and so may one that the newest configurations leave out as long as they are not known to be committed: it can be the
    /// only one whose log is long enough to win, without its own vote counting (thesis, section 4.2.2). Nobody may whose disk does not
    /// answer, since its vote would not become durable.
    /// </summary>
    internal bool MayCampaign => !Quarantined && !DiskIsOverdue && Configurations.IsVoterSince(Commit, Self);

    internal void ResetElectionTimer()
    {
        ElectionElapsed = 0;
        ElectionTimeout = Options.ElectionTicks + _random.Below(Options.ElectionTicks);
    }

    internal void Send(Message message, ulong waitsFor = 0)
    {
        Effects.Send(
            message with
            {
                ClusterId = Options.ClusterId,
                From = Self,
                Term = message.Term == 0 ? Term : message.Term,
            },
            waitsFor);
    }

    internal void BecomeFollower(ulong term, ulong leader)
    {
        ConsensusInvariantException.Check(term >= Term, "the term never goes back");
        Leadership?.End();
        Leadership = null;
        Campaign = null;
        if (term > Term)
        {
            SetHardState(term, vote: 0);
        }

        Role = Role.Follower;
        Leader = leader;
        ResetElectionTimer();
    }

    /// <summary>Within a term a member has at most one leader; another one is the end of all promises.</summary>
    internal void Follow(ulong leader)
    {
        ConsensusInvariantException.Check(Role != Role.Leader, $"{leader} leads term {Term} beside this member");
        ConsensusInvariantException.Check(Leader == 0 || Leader == leader, $"{leader} leads term {Term} beside {Leader}");
        if (Role != Role.Follower)
        {
            BecomeFollower(Term, leader);
        }

        Leader = leader;
        ElectionElapsed = 0;
    }

    internal void LoseSightOfLeader() => Leader = 0;

    /// <summary>
    /// The leader's connection broke, as it does when its process dies: nothing is left of the time in which it counts as alive, and of
    /// the election timeout only the part that chance has added. When the leader lives, its next heartbeat takes that back; until then
    /// an election needs a quorum that lost it too.
    /// </summary>
    internal void DoubtLeader() => ElectionElapsed = Math.Max(ElectionElapsed, Options.ElectionTicks);

    internal void BeginCampaign(CampaignKind kind)
    {
        Campaign = new Campaign(this, kind);
        Leader = 0;
        ResetElectionTimer();
        if (kind == CampaignKind.PreVote)
        {
            Role = Role.PreCandidate;
        }
        else
        {
            Role = Role.Candidate;
            SetHardState(Term + 1, Self);
        }

        Campaign.Open();
    }

    internal void BecomeLeader()
    {
        ConsensusInvariantException.Check(Role == Role.Candidate && Vote == Self, "only a candidate that voted for itself leads");
        Campaign = null;
        Role = Role.Leader;
        Leader = Self;
        ElectionElapsed = 0;
        Leadership = new Leadership(this);
        Leadership.Open();
    }

    internal void GrantVote(ulong candidate)
    {
        ConsensusInvariantException.Check(Vote == 0 || Vote == candidate, "one vote a term");
        if (Vote == 0)
        {
            SetHardState(Term, candidate);
        }

        ElectionElapsed = 0;
    }

    /// <summary>Takes entries into the log; they become durable with this batch's write.</summary>
    internal void Append(in EntryRange range)
    {
        ConsensusInvariantException.Check(range.First == Log.LastIndex + 1, "entries follow each other without gaps");
        Log.Append(range.Last, range.Term);
        Effects.Append(range);
        Writes.Touch();
        if (range.Configuration is not null)
        {
            Configurations.Append(range.First, range.Configuration);
            Effects.Configuration = Configurations.Current;
        }
    }

    /// <summary>Appends an entry that this core makes itself, as leader.</summary>
    internal void Make(in EntryHeader entry)
    {
        Append(new EntryRange(entry.Index, entry.Index, entry.Term, entry.Type, entry.Configuration));
        EntryLog.OnEntryMade(entry);
    }

    internal void TruncateFrom(ulong index)
    {
        ConsensusInvariantException.Check(index > Commit, $"entry {index} is to be cut, but {Commit} is committed");
        ConsensusInvariantException.Check(Role != Role.Leader, "a leader never cuts its own log");
        Log.TruncateFrom(index);
        Effects.Truncate(index);
        Writes.Truncate(index);
        if (Configurations.CurrentIndex >= index)
        {
            Configurations.TruncateFrom(index);
            Effects.Configuration = Configurations.Current;
        }
    }

    /// <summary>A snapshot takes the place of a log that does not reach it or contradicts it.</summary>
    internal void ResetLog(LogBase snapshot)
    {
        ConsensusInvariantException.Check(snapshot.Index > Commit && Role != Role.Leader, "a snapshot never takes committed entries away");
        Writes.Truncate(Commit + 1);
        Log.Reset(snapshot.Index, snapshot.Term);
        Configurations.Reset(snapshot.Index, snapshot.Configuration);
        Effects.ResetLog(snapshot);
        Effects.Configuration = snapshot.Configuration;
        AdvanceCommit(snapshot.Index);
        Applied = snapshot.Index;
    }

    internal void AdvanceCommit(ulong index)
    {
        if (index <= Commit)
        {
            return;
        }

        ConsensusInvariantException.Check(index <= Log.LastIndex, $"commit {index} lies beyond the end of the log, {Log.LastIndex}");
        Commit = index;
        Effects.CommitAdvanced = true;
        CommittedConfiguration = Configurations.At(index);
    }

    internal void AdvanceApplied(ulong index)
    {
        ConsensusInvariantException.Check(index <= Commit, $"entry {index} was applied, but only {Commit} is committed");
        ConsensusInvariantException.Check(index >= Applied, $"applied went back from {Applied} to {index}");
        Applied = index;
    }

    internal void Compact(ulong through)
    {
        ConsensusInvariantException.Check(through <= Applied, $"entry {through} left the log before it was applied");
        Log.Compact(through);
        Configurations.Compact(through);
    }

    internal void LiftQuarantine()
    {
        Quarantine = 0;
        Effects.QuarantineLifted = true;
        Writes.TouchHardState();
        Effects.HardStateChanged = true;
    }

    private void SetHardState(ulong term, ulong vote)
    {
        Term = term;
        Vote = vote;
        Effects.HardStateChanged = true;
        Writes.TouchHardState();
    }

    private static ulong RestoredCommit(RestoredState restored)
    {
        // What a damaged log still holds may have been overwritten in the part that is lost, so there only the applied state is certain.
        var known = restored.Quarantined ? 0 : restored.HardState.Commit;
        var commit = Math.Max(known, Math.Max(restored.Applied, restored.Log.BaseIndex));
        ConsensusInvariantException.Check(
            commit <= restored.Log.LastIndex,
            $"the log ends at {restored.Log.LastIndex} but {commit} was committed: restore it as quarantined");
        return commit;
    }
}

namespace Etcdish.Consensus;

/// <summary>How a leader sends to a follower.</summary>
public enum ProgressState : byte
{
    /// <summary>The place where the logs agree is being looked for: one append at a time.</summary>
    Probe = 0,

    /// <summary>The logs agree: appends are sent ahead of their answers, within limits.</summary>
    Replicate = 1,

    /// <summary>The follower needs state instead of entries; no appends until it has it.</summary>
    Snapshot = 2,
}

/// <summary>
/// What a leader knows of one follower, and the only places where that changes. Match is the follower's word: up to there its durable log
/// is the leader's. Next is the leader's hope: the first entry not sent yet.
/// </summary>
internal sealed class Progress(ulong member, ulong next, ulong now, Inflights inflights)
{
    private bool _signOfLifeIsDue;

    internal ulong Member { get; } = member;

    internal ProgressState State { get; private set; } = ProgressState.Probe;

    internal ulong Match { get; private set; }

    internal ulong Next { get; private set; } = next;

    /// <summary>When the follower last answered, in ticks; at first, when it came into view.</summary>
    internal ulong HeardAt { get; private set; } = now;

    /// <summary>The newest read position that it confirmed.</summary>
    internal ulong ReadConfirmed { get; private set; }

    /// <summary>The highest commit index that it was sent along with entries that it has.</summary>
    internal ulong CommitSent { get; private set; }

    /// <summary>
    /// The number under which it said that it lost part of its log: what it acknowledges does not count until it holds
    /// <see cref="QuarantineTarget"/>. 0 while it is whole.
    /// </summary>
    internal ulong Quarantine { get; private set; }

    internal bool Quarantined => Quarantine != 0;

    /// <summary>The end of the leader's log when it learned of that: beyond everything the follower can have acknowledged before.</summary>
    internal ulong QuarantineTarget { get; private set; }

    /// <summary>The index of the state on its way; 0 when none was offered yet.</summary>
    internal ulong PendingSnapshot { get; private set; }

    /// <summary>An append must go out even without entries: to learn where a silent follower stands.</summary>
    internal bool AppendDue { get; set; } = true;

    private bool ProbeSent { get; set; }

    /// <summary>What counts toward a commit.</summary>
    internal ulong Promised => Quarantined ? 0 : Match;

    internal Inflights Inflights => inflights;

    /// <summary>No entries now: a probe is unanswered, the window is full, or state is on the way.</summary>
    internal bool IsPaused => State switch
    {
        ProgressState.Probe => ProbeSent,
        ProgressState.Replicate => inflights.IsFull,
        _ => true,
    };

    internal void Heard(ulong now) => HeardAt = now;

    internal void ConfirmRead(ulong position)
    {
        if (!Quarantined)
        {
            ReadConfirmed = Math.Max(ReadConfirmed, position);
        }
    }

    /// <summary>A heartbeat of the clock, not one for reads alone, is leaving: its answer is the time to look for what was lost.</summary>
    internal void ExpectSignOfLife() => _signOfLifeIsDue = true;

    /// <summary>
    /// A heartbeat was answered. Once for each heartbeat of the clock, whatever seems lost is tried again; not for each round of reads, or
    /// a busy reader would have the same entries sent over and over to a follower whose disk is slow.
    /// </summary>
    internal void OnSignOfLife(ulong lastIndex)
    {
        if (_signOfLifeIsDue)
        {
            _signOfLifeIsDue = false;
            ProbeSent = false;
            AppendDue |= State == ProgressState.Probe || Match < lastIndex || Quarantined;
        }
    }

    internal void OnSent(ulong last, long bytes, ulong commit)
    {
        AppendDue = false;
        CommitSent = Math.Max(CommitSent, commit);
        if (State == ProgressState.Probe)
        {
            ProbeSent = true;
        }
        else if (last >= Next)
        {
            Next = last + 1;
            inflights.Add(last, bytes);
        }
    }

    /// <summary>The follower's durable log agrees up to an index.</summary>
    internal void OnMatched(ulong index)
    {
        ProbeSent = false;
        Match = Math.Max(Match, index);
        Next = Math.Max(Next, Match + 1);
        if (State == ProgressState.Replicate)
        {
            inflights.FreeUpTo(index);
        }
    }

    /// <summary>
    /// The follower refused an append after an index; the logs may agree at the hint. The answer to an append that no longer matters
    /// changes nothing.
    /// </summary>
    internal void OnRefused(ulong index, ulong hint)
    {
        if (State == ProgressState.Replicate && index > Match)
        {
            BecomeProbe();
        }
        else if (State == ProgressState.Probe && Next - 1 == index)
        {
            Next = Math.Max(Math.Min(index, hint + 1), Match + 1);
            ProbeSent = false;
            AppendDue = true;
        }
    }

    /// <summary>The follower's log ends before what it acknowledged: its disk lost entries.</summary>
    internal void OnLost(ulong lastIndex)
    {
        Match = 0;
        CommitSent = 0;
        BecomeProbe();
        Next = lastIndex + 1;
    }

    internal void BecomeProbe()
    {
        // After state was on its way, it is the best guess of what the follower has.
        Next = Math.Max(Match, State == ProgressState.Snapshot ? PendingSnapshot : 0) + 1;
        State = ProgressState.Probe;
        PendingSnapshot = 0;
        ProbeSent = false;
        AppendDue = true;
        inflights.Clear();
    }

    internal void BecomeReplicate()
    {
        State = ProgressState.Replicate;
        PendingSnapshot = 0;
        ProbeSent = false;
        AppendDue = false;
        Next = Match + 1;
        inflights.Clear();
    }

    internal void BecomeSnapshot()
    {
        State = ProgressState.Snapshot;
        PendingSnapshot = 0;
        ProbeSent = false;
        inflights.Clear();
    }

    internal void OfferSnapshot(ulong index) => PendingSnapshot = index;

    /// <summary>Sending state ended, well or badly: the next heartbeat's answer starts a probe at what should be there.</summary>
    internal void OnSnapshotEnded(bool installed)
    {
        if (!installed)
        {
            PendingSnapshot = 0;
        }

        BecomeProbe();
        AppendDue = false;
        ProbeSent = true;
    }

    internal void EnterQuarantine(ulong quarantine, ulong target)
    {
        Quarantine = quarantine;
        QuarantineTarget = target;
        Match = 0;
        CommitSent = 0;
        BecomeProbe();
        Next = target + 1;
    }

    internal void LeaveQuarantine()
    {
        Quarantine = 0;
        QuarantineTarget = 0;
    }
}

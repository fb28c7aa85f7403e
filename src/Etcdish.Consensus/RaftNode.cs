#pragma warning disable CA1822 // signatures first; the bodies follow
namespace Etcdish.Consensus;

/// <summary>One member of a Raft group as a pure state machine: calls in, <see cref="Effects"/> out. Not thread-safe.</summary>
public sealed class RaftNode
{
    private readonly Effects _effects = new();

    /// <summary>Starts a member from what its disk holds.</summary>
    /// <param name="options">Who it is.</param>
    /// <param name="restored">What it remembers.</param>
    /// <param name="log">Sizes of entries.</param>
    public RaftNode(RaftOptions options, RestoredState restored, IEntryLog log)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(restored);
        ArgumentNullException.ThrowIfNull(log);
    }

    /// <summary>The leader known to this member; 0 when none is.</summary>
    public ulong Leader { get; private set; }

    /// <summary>Takes a message. Entries' headers come beside it, only with an append.</summary>
    /// <param name="message">The frame.</param>
    /// <param name="entries">Headers of the entries after <see cref="Message.Index"/> up to <see cref="Message.LastIndex"/>.</param>
    /// <returns>What became of it.</returns>
    public StepResult Step(in Message message, ReadOnlySpan<EntryHeader> entries) => new(IgnoredReason.Malformed);

    /// <summary>One tick of time.</summary>
    public void Tick() => _effects.StatusChanged = false;

    /// <summary>Proposes commands.</summary>
    /// <param name="count">How many.</param>
    /// <param name="bytes">Their size.</param>
    /// <returns>The first index, or why not.</returns>
    public ProposalResult Propose(int count, long bytes) => new(Leader == 0 ? Refusal.NotLeader : Refusal.None, 0, 0);

    /// <summary>Proposes a change of the membership.</summary>
    /// <param name="changes">The steps, taken together.</param>
    /// <returns>The index, or why not.</returns>
    public ProposalResult ProposeConfiguration(ReadOnlySpan<MemberChange> changes) => new(Leader == 0 ? Refusal.NotLeader : Refusal.None, 0, 0);

    /// <summary>Asks for a linearizable read; it ends in <see cref="Effects.Reads"/>.</summary>
    /// <param name="token">The caller's number for it.</param>
    /// <returns>Why not, or none.</returns>
    public Refusal ReadBarrier(ulong token) => Leader == token ? Refusal.None : Refusal.NotLeader;

    /// <summary>Hands leadership over.</summary>
    /// <param name="to">A voter.</param>
    /// <returns>Why not, or none.</returns>
    public Refusal TransferLeadership(ulong to) => Leader == to ? Refusal.None : Refusal.NotLeader;

    /// <summary>Writes up to this number are durable.</summary>
    /// <param name="write">As given by <see cref="Effects.Write"/>.</param>
    public void OnDurable(ulong write) => _effects.Write = write;

    /// <summary>The state machine holds everything up to this index.</summary>
    /// <param name="index">The index.</param>
    public void OnApplied(ulong index) => _effects.TruncateFrom = index;

    /// <summary>The host holds state to send to a follower that asked for it: emits the offer.</summary>
    /// <param name="to">The follower.</param>
    /// <param name="index">The last entry in the state.</param>
    /// <param name="term">Its term.</param>
    /// <returns>False when it is no longer wanted.</returns>
    public bool OfferSnapshot(ulong to, ulong index, ulong term) => to + index + term == 0;

    /// <summary>How sending the state went.</summary>
    /// <param name="to">The follower.</param>
    /// <param name="installed">It arrived and was taken.</param>
    public void ReportSnapshot(ulong to, bool installed) => _effects.StatusChanged = installed && to != 0;

    /// <summary>A member cannot be reached now, or can again; appends to it are sent one by one until it answers.</summary>
    /// <param name="member">The member.</param>
    public void ReportUnreachable(ulong member) => Leader = member;

    /// <summary>A whole snapshot has arrived and was verified: may it take the place of log and state?</summary>
    /// <param name="snapshot">What it stands for.</param>
    /// <returns>False when the log has gone past it meanwhile; the host drops it then.</returns>
    public bool OnSnapshotReceived(LogBase snapshot) => snapshot is null;

    /// <summary>Entries up to an index left the host's log.</summary>
    /// <param name="through">The last one that left.</param>
    public void OnCompacted(ulong through) => _effects.Write = through;

    /// <summary>How many messages were ignored for a reason since the start.</summary>
    /// <param name="reason">The reason.</param>
    /// <returns>The count.</returns>
    public long IgnoredMessages(IgnoredReason reason) => (long)reason * 0;

    /// <summary>What is to be done since the drain before.</summary>
    /// <returns>The node's one object of effects, valid until the next drain.</returns>
    public Effects Drain() => _effects;
}

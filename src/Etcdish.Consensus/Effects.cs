using System.Runtime.InteropServices;

namespace Etcdish.Consensus;

/// <summary>What a member must never forget (Raft, figure 2: persistent state), and how far it knew the log to be committed.</summary>
/// <param name="Term">The newest term seen.</param>
/// <param name="Vote">Whom this member voted for in that term; 0 is nobody.</param>
/// <param name="Commit">The highest index known to be committed when this was written.</param>
public readonly record struct HardState(ulong Term, ulong Vote, ulong Commit);

/// <summary>A message and the write that it promises.</summary>
/// <param name="Message">What to send.</param>
/// <param name="WaitsFor">The number of the write that must be durable first; 0 lets it leave at once.</param>
public readonly record struct OutgoingMessage(Message Message, ulong WaitsFor);

/// <summary>The end of a read barrier.</summary>
/// <param name="Token">The caller's number, as given to <see cref="RaftNode.ReadBarrier"/>.</param>
/// <param name="Index">The read may be served once this index is applied.</param>
/// <param name="Confirmed">False: leadership was lost before a quorum answered; the read must be tried again elsewhere.</param>
public readonly record struct ReadRelease(ulong Token, ulong Index, bool Confirmed);

/// <summary>A place that stands for all entries up to it: the start of a log, or a snapshot.</summary>
/// <param name="Index">The last entry contained.</param>
/// <param name="Term">That entry's term.</param>
/// <param name="Configuration">The membership in force there.</param>
public sealed record LogBase(ulong Index, ulong Term, Configuration Configuration);

/// <summary>
/// What the host must do after a batch of calls, in this order: write (<see cref="Reset"/>, then <see cref="TruncateFrom"/>, then
/// <see cref="Entries"/>, with <see cref="HardState"/>, all as the one write numbered <see cref="Write"/>), send the messages that wait
/// for nothing (they may overtake the write), apply up to <see cref="Commit"/>, answer reads. One object per node, filled anew by each
/// <see cref="RaftNode.Drain"/>; it allocates nothing once its lists have grown.
/// </summary>
public sealed class Effects
{
    private readonly List<EntryRange> _entries = [];
    private readonly List<OutgoingMessage> _messages = [];
    private readonly List<ReadRelease> _reads = [];
    private readonly List<ulong> _snapshotsWanted = [];

    internal Effects()
    {
    }

    /// <summary>
    /// The number of this batch's write, one more than that of the write before; 0 when nothing must become durable. The host reports it
    /// by <see cref="RaftNode.OnDurable"/>; reporting a later one reports all before it.
    /// </summary>
    public ulong Write { get; internal set; }

    /// <summary>
    /// Term, vote and commit index as of this batch. Belongs into each write; alone (without a write) it may wait for the next.
    /// </summary>
    public HardState HardState { get; internal set; }

    /// <summary>Term or vote changed, so that the write is needed even when no entry is in it.</summary>
    public bool HardStateChanged { get; internal set; }

    /// <summary>
    /// A snapshot takes the place of the whole log; its state becomes the state machine's before anything else is applied.
    /// </summary>
    public LogBase? Reset { get; internal set; }

    /// <summary>Entries from this index on, written earlier, are void; 0 when none are. The core never voids a committed entry.</summary>
    public ulong TruncateFrom { get; internal set; }

    /// <summary>What to append after that, in order and without gaps.</summary>
    public ReadOnlySpan<EntryRange> Entries => CollectionsMarshal.AsSpan(_entries);

    /// <summary>What to send. Messages to one member leave in this order, apart from those that wait.</summary>
    public ReadOnlySpan<OutgoingMessage> Messages => CollectionsMarshal.AsSpan(_messages);

    /// <summary>The commit index; entries up to it are to be applied.</summary>
    public ulong Commit => HardState.Commit;

    /// <summary>Read barriers that ended.</summary>
    public ReadOnlySpan<ReadRelease> Reads => CollectionsMarshal.AsSpan(_reads);

    /// <summary>Followers whose next entries this log no longer has: send state and call <see cref="RaftNode.OfferSnapshot"/>.</summary>
    public ReadOnlySpan<ulong> SnapshotsWanted => CollectionsMarshal.AsSpan(_snapshotsWanted);

    /// <summary>Role, leader or term are not what they were at the drain before.</summary>
    public bool StatusChanged { get; internal set; }

    /// <summary>The membership in force changed since the drain before (by an entry appended, cut or installed): the new one.</summary>
    public Configuration? Configuration { get; internal set; }

    /// <summary>The member is whole again: the mark of its quarantine goes with this write.</summary>
    public bool QuarantineLifted { get; internal set; }

    /// <summary>Nothing to do.</summary>
    public bool IsEmpty => Write == 0 && _messages.Count == 0 && _reads.Count == 0 && _snapshotsWanted.Count == 0
        && !StatusChanged && !CommitAdvanced;

    /// <summary>The commit index grew since the drain before.</summary>
    public bool CommitAdvanced { get; internal set; }

    internal void Clear()
    {
        _entries.Clear();
        _messages.Clear();
        _reads.Clear();
        _snapshotsWanted.Clear();
        Write = 0;
        HardStateChanged = false;
        Reset = null;
        TruncateFrom = 0;
        StatusChanged = false;
        Configuration = null;
        QuarantineLifted = false;
        CommitAdvanced = false;
    }

    internal void Send(in Message message, ulong waitsFor) => _messages.Add(new OutgoingMessage(message, waitsFor));

    internal void Release(in ReadRelease read) => _reads.Add(read);

    internal void WantSnapshot(ulong member) => _snapshotsWanted.Add(member);

    internal void Append(in EntryRange range)
    {
        if (_entries.Count > 0 && range.Type == EntryType.Command)
        {
            ref var last = ref CollectionsMarshal.AsSpan(_entries)[^1];
            if (last.Type == EntryType.Command && last.Term == range.Term && last.Last + 1 == range.First)
            {
                last = last with { Last = range.Last };
                return;
            }
        }

        _entries.Add(range);
    }

    /// <summary>Forgets what this batch was going to append from an index on; what an earlier batch wrote must be cut.</summary>
    internal void Truncate(ulong from)
    {
        var firstUnwritten = _entries.Count > 0 ? _entries[0].First : ulong.MaxValue;
        while (_entries.Count > 0 && _entries[^1].First >= from)
        {
            _entries.RemoveAt(_entries.Count - 1);
        }

        if (_entries.Count > 0 && _entries[^1].Last >= from)
        {
            _entries[^1] = _entries[^1] with { Last = from - 1 };
        }

        if (from < firstUnwritten && (TruncateFrom == 0 || from < TruncateFrom))
        {
            TruncateFrom = from;
        }
    }

    internal void ResetLog(LogBase to)
    {
        _entries.Clear();
        TruncateFrom = 0;
        Reset = to;
    }
}

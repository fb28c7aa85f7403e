namespace Etcdish.Consensus;

/// <summary>What members say to each other.</summary>
public enum MessageType : byte
{
    /// <summary>No message; refused by <see cref="RaftNode.Step"/>.</summary>
    None = 0,

    /// <summary>
    /// Leader to follower: entries after <see cref="Message.Index"/> up to <see cref="Message.LastIndex"/>, perhaps none.
    /// </summary>
    Append = 1,

    /// <summary>Follower to leader: the log matches up to <see cref="Message.Index"/>, or the append there was refused.</summary>
    AppendResponse = 2,

    /// <summary>Leader to follower: I lead; confirm reads up to <see cref="Message.ReadPosition"/>.</summary>
    Heartbeat = 3,

    /// <summary>Follower to leader: you do, for all that I know.</summary>
    HeartbeatResponse = 4,

    /// <summary>Would you vote for me in <see cref="Message.Term"/>? Changes nothing at either side.</summary>
    PreVote = 5,

    /// <summary>The answer to <see cref="PreVote"/>.</summary>
    PreVoteResponse = 6,

    /// <summary>Vote for me in <see cref="Message.Term"/>.</summary>
    Vote = 7,

    /// <summary>The answer to <see cref="Vote"/>.</summary>
    VoteResponse = 8,

    /// <summary>Leader to follower: campaign at once, leadership is yours.</summary>
    TimeoutNow = 9,

    /// <summary>Leader to follower: the state at <see cref="Message.Index"/> follows on the bulk connection.</summary>
    Snapshot = 10,
}

/// <summary>
/// One frame between two members. Entries are not in it: an <see cref="MessageType.Append"/> names a range of the sender's log, the
/// sending host adds the bytes, and the receiving host hands their headers to <see cref="RaftNode.Step"/> beside the message.
/// A field that the type does not mention is zero.
/// </summary>
public readonly record struct Message
{
    /// <summary>What is said.</summary>
    public MessageType Type { get; init; }

    /// <summary>The cluster of the sender. A frame of another cluster is ignored.</summary>
    public ulong ClusterId { get; init; }

    /// <summary>The member that sends.</summary>
    public ulong From { get; init; }

    /// <summary>The member that is meant. A frame for another member is ignored.</summary>
    public ulong To { get; init; }

    /// <summary>The sender's term; for a pre-vote and its granted answer, the term in which the sender would campaign.</summary>
    public ulong Term { get; init; }

    /// <summary>
    /// Append: the entry before the first one sent. AppendResponse: the last entry known to match, or the refused <c>Index</c> of the
    /// append. PreVote and Vote: the candidate's last entry. Snapshot: the last entry in the state that follows.
    /// </summary>
    public ulong Index { get; init; }

    /// <summary>The term of the entry at <see cref="Index"/>: Append, PreVote, Vote, Snapshot.</summary>
    public ulong LogTerm { get; init; }

    /// <summary>
    /// Append: the last entry sent (<see cref="Index"/> when none is). A refused append's answer: the end of the follower's log.
    /// </summary>
    public ulong LastIndex { get; init; }

    /// <summary>Append, Heartbeat: what the receiver may regard as committed.</summary>
    public ulong Commit { get; init; }

    /// <summary>The answer is no.</summary>
    public bool Reject { get; init; }

    /// <summary>A refused append's answer: where the logs may agree, see <see cref="HintTerm"/>.</summary>
    public ulong HintIndex { get; init; }

    /// <summary>The term of the follower's entry at <see cref="HintIndex"/>; zero when its log does not know it.</summary>
    public ulong HintTerm { get; init; }

    /// <summary>Heartbeat: the newest read that waits for confirmation. HeartbeatResponse: the same number back.</summary>
    public ulong ReadPosition { get; init; }

    /// <summary>
    /// PreVote, Vote: the leader asked for this campaign (<see cref="MessageType.TimeoutNow"/>), so its lease does not count.
    /// </summary>
    public bool Transfer { get; init; }

    /// <summary>
    /// AppendResponse, HeartbeatResponse: not 0 when the sender lost part of its log, so that the answer is no promise (see the room's
    /// README). Append to such a follower: the same number back.
    /// </summary>
    public ulong Quarantine { get; init; }

    /// <summary>Append with <see cref="Quarantine"/>: the follower is whole again once its durable log matches up to here.</summary>
    public ulong QuarantineTarget { get; init; }
}

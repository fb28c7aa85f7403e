using Etcdish.Consensus;

namespace Etcdish.Cluster.Peers;

/// <summary>A Raft message and its entries, which passed all checks of form.</summary>
/// <param name="message">The message.</param>
/// <param name="entryCount">How many entries follow.</param>
/// <param name="entries">Their bytes.</param>
internal readonly ref struct RaftFrame(Message message, int entryCount, ReadOnlySpan<byte> entries)
{
    private readonly ReadOnlySpan<byte> _entries = entries;

    /// <summary>The message.</summary>
    public Message Message { get; } = message;

    /// <summary>The number of entries; of an append, <c>LastIndex - Index</c>.</summary>
    public int EntryCount { get; } = entryCount;

    /// <summary>The entries in order, the first at <c>Message.Index + 1</c>.</summary>
    public EncodedEntries Entries => new(_entries);
}

/// <summary>An entry inside a frame.</summary>
/// <param name="term">The term of the leader that made it.</param>
/// <param name="kind">The kind of log record, below 64.</param>
/// <param name="payload">Its bytes, valid as long as the frame.</param>
internal readonly ref struct EncodedEntry(ulong term, byte kind, ReadOnlySpan<byte> payload)
{
    /// <summary>The term of the leader that made it.</summary>
    public ulong Term { get; } = term;

    /// <summary>The kind of log record, below 64.</summary>
    public byte Kind { get; } = kind;

    /// <summary>Its bytes, valid as long as the frame.</summary>
    public ReadOnlySpan<byte> Payload { get; } = payload;
}

/// <summary>See <see cref="PeerFrameKind.Forward"/>.</summary>
/// <param name="sequence">The follower's number for it.</param>
/// <param name="kind">The kind of log record, below 64.</param>
/// <param name="payload">The request's bytes, valid as long as the frame.</param>
internal readonly ref struct ForwardFrame(ulong sequence, byte kind, ReadOnlySpan<byte> payload)
{
    /// <summary>The follower's number for it.</summary>
    public ulong Sequence { get; } = sequence;

    /// <summary>The kind of log record, below 64.</summary>
    public byte Kind { get; } = kind;

    /// <summary>The request's bytes, valid as long as the frame.</summary>
    public ReadOnlySpan<byte> Payload { get; } = payload;
}

/// <summary>See <see cref="PeerFrameKind.Accepted"/>.</summary>
/// <param name="Sequence">The number of the request.</param>
/// <param name="Index">Where the entry lies in the leader's log.</param>
/// <param name="Term">The entry's term.</param>
internal readonly record struct AcceptedFrame(ulong Sequence, ulong Index, ulong Term);

/// <summary>See <see cref="PeerFrameKind.Refused"/>.</summary>
/// <param name="Sequence">The number of the request.</param>
/// <param name="Code">gRPC status code, 0 to 16.</param>
/// <param name="Text">What the client is told.</param>
internal readonly record struct RefusedFrame(ulong Sequence, int Code, string Text);

/// <summary>See <see cref="PeerFrameKind.ReadIndexAnswer"/>.</summary>
/// <param name="Sequence">The number of the request.</param>
/// <param name="Index">A read is linearizable once this index is applied.</param>
internal readonly record struct ReadIndexAnswerFrame(ulong Sequence, ulong Index);

/// <summary>See <see cref="PeerFrameKind.LeaseCall"/>.</summary>
/// <param name="Sequence">The follower's number for it.</param>
/// <param name="Kind">What is asked.</param>
/// <param name="Lease">The lease.</param>
internal readonly record struct LeaseCallFrame(ulong Sequence, LeaseCallKind Kind, long Lease);

/// <summary>See <see cref="PeerFrameKind.Members"/>.</summary>
/// <param name="Through">Who has applied this index has learned it all from the log.</param>
/// <param name="Membership">The members.</param>
internal readonly record struct MembersFrame(ulong Through, Membership Membership);

/// <summary>See <see cref="PeerFrameKind.LeaseAnswer"/>.</summary>
/// <param name="Sequence">The number of the request.</param>
/// <param name="Seconds">What is left, -1 when there is no such lease.</param>
/// <param name="GrantedSeconds">What it was granted, 0 when there is no such lease.</param>
internal readonly record struct LeaseAnswerFrame(ulong Sequence, long Seconds, long GrantedSeconds);

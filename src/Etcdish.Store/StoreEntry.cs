namespace Etcdish.Store;

/// <summary>A committed log entry as the store sees it: what to do, and where in the log the request's bytes lie.</summary>
/// <param name="index">Log index, from 1, without gaps.</param>
/// <param name="term">Term of the leader that wrote the entry.</param>
/// <param name="kind">What the payload is.</param>
/// <param name="payload">The request's bytes; valid only during the call, so what is kept is copied or referred to by place.</param>
/// <param name="segment">Number of the segment that holds the payload.</param>
/// <param name="payloadOffset">Offset of the payload's first byte in that segment.</param>
public readonly struct StoreEntry(ulong index, ulong term, EntryKind kind, ReadOnlyMemory<byte> payload, uint segment, uint payloadOffset)
{
    /// <summary>Log index, from 1, without gaps.</summary>
    public ulong Index { get; } = index;

    /// <summary>Term of the leader that wrote the entry.</summary>
    public ulong Term { get; } = term;

    /// <summary>What the payload is.</summary>
    public EntryKind Kind { get; } = kind;

    /// <summary>The request's bytes; valid only while the entry is applied.</summary>
    public ReadOnlyMemory<byte> Payload { get; } = payload;

    /// <summary>Number of the segment that holds the payload.</summary>
    public uint Segment { get; } = segment;

    /// <summary>Offset of the payload's first byte in that segment.</summary>
    public uint PayloadOffset { get; } = payloadOffset;
}

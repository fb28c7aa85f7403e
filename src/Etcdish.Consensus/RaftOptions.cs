namespace Etcdish.Consensus;

/// <summary>Who a node is, and its limits.</summary>
public sealed record RaftOptions
{
    /// <summary>This member's id, not 0.</summary>
    public required ulong Id { get; init; }

    /// <summary>The cluster's id; frames of other clusters are ignored.</summary>
    public required ulong ClusterId { get; init; }

    /// <summary>
    /// Seed of all chance: the election timeouts' jitter, the number of a quarantine. Another one for each member and each start.
    /// </summary>
    public required ulong Seed { get; init; }

    /// <summary>
    /// Election timeout in ticks, more than <see cref="HeartbeatTicks"/>. A member campaigns after a random time from this to just below
    /// twice this without a leader; a leader without answers of a quorum, or without progress of its own disk, gives up after this.
    /// </summary>
    public int ElectionTicks { get; init; } = 10;

    /// <summary>Ticks between heartbeats, from 1.</summary>
    public int HeartbeatTicks { get; init; } = 1;

    /// <summary>Bytes of entries in one append, from 1; one entry always fits.</summary>
    public long MaxAppendBytes { get; init; } = 1 << 20;

    /// <summary>Bytes of entries on the way to one follower, from 1.</summary>
    public long MaxInflightBytes { get; init; } = 16 << 20;

    /// <summary>Appends on the way to one follower, from 1.</summary>
    public int MaxInflightAppends { get; init; } = 256;

    /// <summary>Bytes proposed and not yet committed, from 1. One proposal of any size is let in when there are none.</summary>
    public long MaxUncommittedBytes { get; init; } = 64 << 20;

    /// <summary>Reads that may wait for confirmation, from 1.</summary>
    public int MaxPendingReads { get; init; } = 1 << 16;

    /// <summary>How many entries a learner may lack and still be promoted.</summary>
    public ulong PromotionLag { get; init; } = 1024;

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfZero(Id);
        ArgumentOutOfRangeException.ThrowIfLessThan(HeartbeatTicks, 1);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(ElectionTicks, HeartbeatTicks);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxAppendBytes, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxInflightBytes, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxInflightAppends, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxUncommittedBytes, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxPendingReads, 1);
    }
}

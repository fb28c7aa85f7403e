using Etcdish.Consensus;

namespace Etcdish.Cluster;

/// <summary>Limits of a replica, its time in ticks.</summary>
internal sealed record ReplicaOptions
{
    /// <summary>Of the core. Its limit of uncommitted bytes is left open: <see cref="MaxUncommittedBytes"/> is looked at first.</summary>
    public required RaftOptions Raft { get; init; }

    /// <summary>Ticks after which a write that has a place, or waits for a leader, is given up.</summary>
    public long RequestTimeoutTicks { get; init; } = 70;

    /// <summary>Bytes of entries that are not applied, past which writes are refused.</summary>
    public long MaxUncommittedBytes { get; init; } = 64 << 20;

    /// <summary>Applied entries whose places are kept for followers.</summary>
    public ulong KeptEntries { get; init; } = 1 << 20;

    /// <summary>Bytes of entries whose places are kept for followers; what lags more gets state.</summary>
    public long KeptBytes { get; init; } = 256 << 20;

    /// <summary>What a new leader adds to all leases, for the time without one.</summary>
    public TimeSpan LeaseExtension { get; init; }

    /// <summary>Members without a vote that there may be.</summary>
    public int MaxLearners { get; init; } = 1;

    public static ReplicaOptions From(NodeOptions options)
    {
        double tick = options.HeartbeatInterval.TotalSeconds;
        return new ReplicaOptions
        {
            Raft = new RaftOptions
            {
                Id = options.MemberId,
                ClusterId = options.ClusterId,
                Seed = options.MemberId ^ (ulong)options.Random.NextInt64(),
                ElectionTicks = (int)Math.Ceiling(options.ElectionTimeout.TotalSeconds / tick),
                MaxUncommittedBytes = long.MaxValue,
            },
            RequestTimeoutTicks = (long)Math.Ceiling(options.RequestTimeout.TotalSeconds / tick),
            MaxUncommittedBytes = options.MaxQueuedBytes,
            KeptEntries = options.KeptEntries,
            LeaseExtension = options.ElectionTimeout,
            MaxLearners = options.MaxLearners,
        };
    }
}

using Etcdish.Log;

namespace Etcdish.Cluster;

/// <summary>Settings of an embedded store. The defaults are for a program that keeps its own state in it.</summary>
public sealed record EtcdStoreOptions
{
    /// <summary>
    /// Size of a log segment in bytes, 64 KiB to 1 GiB. One segment in use and one ahead are set aside on the disk. In a group no member's
    /// may be less than four times the <see cref="MaxRequestBytes"/> of another: a member that cannot log an entry of the group fails.
    /// </summary>
    public int SegmentBytes { get; init; } = 16 << 20;

    /// <summary>Log bytes between two checkpoints of the index, 64 KiB or more: what an opening has to replay at most, or nearly so.</summary>
    public long CheckpointBytes { get; init; } = 32 << 20;

    /// <summary>Most operations in one branch of a transaction, 1 or more; etcd's own default is 128.</summary>
    public int MaxTxnOps { get; init; } = 128;

    /// <summary>Largest request in bytes: key, value and a little framing. 1 KiB or more, and at most a quarter of a segment.</summary>
    public int MaxRequestBytes { get; init; } = 3 << 19;

    /// <summary>Least lease TTL; shorter ones are raised to it. Whole seconds, 1 or more.</summary>
    public TimeSpan MinLeaseTtl { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The clock that leases run by.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Receives one line for each event an operator should know of.</summary>
    public Action<NodeNotice>? OnNotice { get; init; }

    internal NodeOptions ToNodeOptions(string path)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxTxnOps, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxRequestBytes, 1 << 10);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxRequestBytes, SegmentBytes / 4);
        return new NodeOptions
        {
            DataDirectory = path,
            Log = new LogOptions { SegmentBytes = SegmentBytes },
            CheckpointBytes = CheckpointBytes,
            MinLeaseTtl = (long)MinLeaseTtl.TotalSeconds,
            Clock = Clock,
            OnNotice = OnNotice,
        };
    }
}

namespace Etcdish.Store;

/// <summary>A lease as the leader's clock sees it; guarded by the clock's lock.</summary>
internal sealed class ClockedLease
{
    public ClockedLease(long id, long ttlSeconds)
    {
        Id = id;
        TtlSeconds = ttlSeconds;
        Expiry = new LeaseTimer(this);
    }

    public long Id { get; }

    public long TtlSeconds { get; }

    /// <summary>When the lease expires. A renewal changes only this; the timer finds out when it goes off.</summary>
    public long DeadlineMs { get; set; }

    /// <summary>When the lease was last granted, renewed or promoted.</summary>
    public long RenewedMs { get; set; }

    public LeaseTimer Expiry { get; }

    /// <summary>Made for those leases only that live longer than the time between checkpoints.</summary>
    public LeaseTimer? Checkpoint { get; set; }

    /// <summary>Whether a checkpoint was handed out since a reset was last asked for: one may be on its way through the log.</summary>
    public bool IsCheckpointSent { get; set; }

    /// <summary>Whether a reset was asked for and has not been applied.</summary>
    public bool IsResetWanted { get; set; }
}

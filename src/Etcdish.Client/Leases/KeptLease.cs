namespace Etcdish.Client;

/// <summary>A lease that is being renewed. Disposal stops the renewals, and the lease ends by itself when its time is up.</summary>
public sealed class KeptLease : IDisposable
{
    private readonly LeaseKeeper _keeper;
    private readonly CancellationTokenSource _lost = new();

    internal KeptLease(LeaseKeeper keeper, long id, TimeSpan timeToLive, long now, TimeProvider clock)
    {
        _keeper = keeper;
        Id = id;
        Renewed(timeToLive, now, clock);

        // When the lease was asked for is not known here, so the first renewal, whose time is, goes out at once.
        DueAt = now;
    }

    /// <summary>Lease id.</summary>
    public long Id { get; }

    /// <summary>
    /// Cancelled once the lease is gone: the server said so, or no renewal came through for as long as it lives. Work that the lease
    /// protects must stop then. Not cancelled by disposal.
    /// </summary>
    public CancellationToken Lost => _lost.Token;

    /// <summary>Timestamp at which the next renewal is due.</summary>
    internal long DueAt { get; set; }

    /// <summary>Timestamp at which the lease is gone unless renewed; counted from the request for the last renewal.</summary>
    internal long ExpiresAt { get; private set; }

    /// <summary>Timestamp at which the renewal now under way was asked for.</summary>
    internal long AskedAt { get; set; }

    /// <inheritdoc/>
    public void Dispose() => _keeper.Remove(this);

    internal void Renewed(TimeSpan timeToLive, long askedAt, TimeProvider clock)
    {
        long ticks = (long)(timeToLive.TotalSeconds * clock.TimestampFrequency);
        ExpiresAt = askedAt + ticks;
        DueAt = askedAt + (ticks / 3);
    }

    internal void MarkLost() => _lost.Cancel();
}

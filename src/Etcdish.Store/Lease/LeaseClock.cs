using System.Diagnostics.CodeAnalysis;

namespace Etcdish.Store;

/// <summary>Settings of the <see cref="LeaseClock"/>.</summary>
public sealed record LeaseClockOptions
{
    /// <summary>A lease that was not renewed for this long has its remaining TTL saved, again and again; at least 1 ms.</summary>
    public long CheckpointIntervalMs { get; init; } = 300_000;

    /// <summary>An expired lease is reported again after this long if it has not been revoked; at least 1 ms.</summary>
    public long ExpiredRetryMs { get; init; } = 3_000;
}

/// <summary>A remaining TTL to be saved through the log.</summary>
/// <param name="Id">Lease ID.</param>
/// <param name="RemainingSeconds">Seconds left, rounded up, at least 1.</param>
public readonly record struct LeaseCheckpoint(long Id, long RemainingSeconds);

/// <summary>
/// How long leases have left: the half of leases that only the leader has. It holds no clock; every call says what time it is, in
/// milliseconds of one monotonic clock that starts at 0 or above. Safe on any thread.
/// </summary>
/// <remarks>
/// <para>A TTL is a minimum: a lease is reported as expired only when it was granted or renewed a full TTL ago. Expiry is nothing but a
/// report: until a revoke has gone through the log the lease lives in the <see cref="LeaseTable"/>, but it cannot be renewed.</para>
/// <para>A new leader starts every TTL anew, or from its last checkpoint. So a checkpoint must never be younger than a renewal that a
/// client knows of: see <see cref="TryRenew"/>.</para>
/// </remarks>
public sealed class LeaseClock
{
    private readonly Lock _lock = new();
    private readonly LeaseTable _table;
    private readonly LeaseClockOptions _options;
    private readonly Dictionary<long, ClockedLease> _leases = [];
    private TimerWheel _expiries = new();
    private TimerWheel _checkpoints = new();

    /// <summary>Makes a clock that stands still: it knows no lease before <see cref="Promote"/>.</summary>
    /// <param name="table">The leases.</param>
    /// <param name="options">Settings.</param>
    public LeaseClock(LeaseTable table, LeaseClockOptions options)
    {
        ArgumentNullException.ThrowIfNull(table);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.CheckpointIntervalMs);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.ExpiredRetryMs);
        _table = table;
        _options = options;
    }

    /// <summary>This member became leader (or has started): every lease of the table starts anew, or from its checkpoint.</summary>
    /// <param name="nowMs">The time.</param>
    /// <param name="extendMs">What is added to each, for the time that the election took; 0 or more.</param>
    public void Promote(long nowMs, long extendMs = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(nowMs);
        ArgumentOutOfRangeException.ThrowIfNegative(extendMs);
        LeaseInfo[] leases = _table.Snapshot();
        lock (_lock)
        {
            Clear();
            foreach (LeaseInfo lease in leases)
                Start(lease, nowMs, extendMs);
        }
    }

    /// <summary>This member is leader no more: forgets all.</summary>
    public void Demote()
    {
        lock (_lock)
            Clear();
    }

    /// <summary>A grant was applied while this member leads.</summary>
    /// <param name="id">Lease ID.</param>
    /// <param name="ttlSeconds">TTL as granted.</param>
    /// <param name="nowMs">The time.</param>
    public void Granted(long id, long ttlSeconds, long nowMs)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(nowMs);
        lock (_lock)
            Start(new LeaseInfo(id, ttlSeconds, 0), nowMs, extendMs: 0);
    }

    /// <summary>A revoke was applied; nothing happens when the lease is not known.</summary>
    /// <param name="id">Lease ID.</param>
    public void Revoked(long id)
    {
        lock (_lock)
        {
            if (_leases.Remove(id, out ClockedLease? lease))
                Stop(lease);
        }
    }

    /// <summary>A checkpoint was applied.</summary>
    /// <param name="id">Lease ID.</param>
    /// <param name="remainingSeconds">What it says; 0 resets to the full TTL.</param>
    public void CheckpointApplied(long id, long remainingSeconds)
    {
        lock (_lock)
        {
            if (remainingSeconds == 0 && _leases.TryGetValue(id, out ClockedLease? lease))
                lease.IsResetWanted = false;
        }
    }

    /// <summary>Renews a lease: it now has its full TTL from this moment. O(1).</summary>
    /// <param name="id">Lease ID.</param>
    /// <param name="nowMs">The time.</param>
    /// <param name="ttlSeconds">The TTL, or 0 when there is no such lease or it has expired.</param>
    /// <param name="needsReset">
    /// Whether a shorter remaining TTL is saved, or on its way to be. Then a checkpoint of 0 seconds for this lease must be applied before
    /// the renewal is acknowledged, or a leader that takes over would expire the lease early; if it cannot be, the renewal has failed.
    /// </param>
    /// <returns>Whether the lease was renewed.</returns>
    public bool TryRenew(long id, long nowMs, out long ttlSeconds, out bool needsReset)
    {
        needsReset = _table.TryGet(id, out LeaseInfo saved) && saved.RemainingTtl > 0;
        lock (_lock)
        {
            if (!_leases.TryGetValue(id, out ClockedLease? lease) || nowMs >= lease.DeadlineMs)
            {
                ttlSeconds = 0;
                needsReset = false;
                return false;
            }

            needsReset |= lease.IsCheckpointSent || lease.IsResetWanted;
            if (needsReset)
            {
                lease.IsCheckpointSent = false;
                lease.IsResetWanted = true;
            }

            ttlSeconds = lease.TtlSeconds;
            lease.RenewedMs = Math.Max(lease.RenewedMs, nowMs);
            lease.DeadlineMs = Math.Max(lease.DeadlineMs, nowMs + lease.TtlSeconds * 1000);
            return true;
        }
    }

    /// <summary>Milliseconds that a lease has left at least: 0 when it has expired, -1 when it is not known.</summary>
    /// <param name="id">Lease ID.</param>
    /// <param name="nowMs">The time.</param>
    public long RemainingMs(long id, long nowMs)
    {
        lock (_lock)
            return _leases.TryGetValue(id, out ClockedLease? lease) ? Math.Max(0, lease.DeadlineMs - nowMs) : -1;
    }

    /// <summary>
    /// Reports leases that have expired and must be revoked: each once, and again each <see cref="LeaseClockOptions.ExpiredRetryMs"/>
    /// until <see cref="Revoked"/>.
    /// </summary>
    /// <param name="nowMs">The time; it must not go back from call to call.</param>
    /// <param name="limit">How many at most; the others are reported by the next calls.</param>
    /// <param name="expired">Receives their IDs.</param>
    [SuppressMessage("Design", "CA1002:Do not expose generic lists", Justification = "The caller's list, used again and again.")]
    public void Advance(long nowMs, int limit, List<long> expired)
    {
        ArgumentNullException.ThrowIfNull(expired);
        lock (_lock)
        {
            while (limit > 0 && _expiries.TakeDue(nowMs) is { } timer)
            {
                ClockedLease lease = timer.Owner;
                if (lease.DeadlineMs > nowMs)
                {
                    _expiries.Schedule(timer, lease.DeadlineMs);
                    continue;
                }

                expired.Add(lease.Id);
                _expiries.Schedule(timer, nowMs + _options.ExpiredRetryMs);
                limit--;
            }
        }
    }

    /// <summary>
    /// Reports leases whose remaining TTL is worth saving: those not renewed for <see cref="LeaseClockOptions.CheckpointIntervalMs"/>, each
    /// once an interval.
    /// </summary>
    /// <param name="nowMs">The time; it must not go back from call to call.</param>
    /// <param name="limit">How many at most; the others are reported by the next calls.</param>
    /// <param name="checkpoints">Receives what to write to the log.</param>
    [SuppressMessage("Design", "CA1002:Do not expose generic lists", Justification = "The caller's list, used again and again.")]
    public void CollectCheckpoints(long nowMs, int limit, List<LeaseCheckpoint> checkpoints)
    {
        ArgumentNullException.ThrowIfNull(checkpoints);
        lock (_lock)
        {
            while (limit > 0 && _checkpoints.TakeDue(nowMs) is { } timer)
            {
                ClockedLease lease = timer.Owner;
                if (nowMs >= lease.DeadlineMs)
                    continue;

                long dueMs = lease.RenewedMs + _options.CheckpointIntervalMs;
                if (dueMs > nowMs)
                {
                    _checkpoints.Schedule(timer, dueMs);
                    continue;
                }

                checkpoints.Add(new LeaseCheckpoint(lease.Id, (lease.DeadlineMs - nowMs + 999) / 1000));
                lease.IsCheckpointSent = true;
                _checkpoints.Schedule(timer, nowMs + _options.CheckpointIntervalMs);
                limit--;
            }
        }
    }

    /// <summary>Copies the IDs of all leases, the one that expires first first.</summary>
    public long[] SoonestFirst()
    {
        (long DeadlineMs, long Id)[] leases;
        lock (_lock)
        {
            leases = new (long, long)[_leases.Count];
            int at = 0;
            foreach (ClockedLease lease in _leases.Values)
                leases[at++] = (lease.DeadlineMs, lease.Id);
        }

        Array.Sort(leases);
        return Array.ConvertAll(leases, static lease => lease.Id);
    }

    private void Start(LeaseInfo info, long nowMs, long extendMs)
    {
        ClockedLease lease = new(info.Id, info.GrantedTtl);
        if (!_leases.TryAdd(info.Id, lease))
            throw new InvalidOperationException($"Lease {info.Id} was granted twice.");

        long ttlSeconds = info.RemainingTtl > 0 ? info.RemainingTtl : info.GrantedTtl;
        lease.RenewedMs = nowMs;
        lease.DeadlineMs = nowMs + ttlSeconds * 1000 + extendMs;
        _expiries.Schedule(lease.Expiry, lease.DeadlineMs);
        if (info.GrantedTtl * 1000 > _options.CheckpointIntervalMs)
        {
            lease.Checkpoint = new LeaseTimer(lease);
            _checkpoints.Schedule(lease.Checkpoint, nowMs + _options.CheckpointIntervalMs);
        }
    }

    private void Stop(ClockedLease lease)
    {
        _expiries.Cancel(lease.Expiry);
        if (lease.Checkpoint is not null)
            _checkpoints.Cancel(lease.Checkpoint);
    }

    private void Clear()
    {
        _leases.Clear();
        _expiries = new TimerWheel();
        _checkpoints = new TimerWheel();
    }
}

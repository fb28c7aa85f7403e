using System.Buffers;
using Etcdish.Cluster.Peers;
using Etcdish.Store;

namespace Etcdish.Cluster;

/// <summary>
/// Keeps time for leases: the replicated table says which exist, the lease clock when they run out, by the node's own monotonic time.
/// Expiry is a revoke that goes through the log like any other write, and so is the saving of remaining TTLs for the next start.
/// </summary>
internal sealed class LeaseKeeper
{
    private const int MaxRevokesPerTick = 500;
    private const int MaxCheckpointsPerTick = 1_000;

    private readonly LeaseTable _table;
    private readonly LeaseClock _clock;
    private readonly TimeProvider _time;
    private readonly NodeMetrics _metrics;
    private readonly long _origin;
    private volatile bool _leads;
    private readonly List<long> _expired = [];
    private readonly List<LeaseCheckpoint> _checkpoints = [];
    private readonly List<KeyValuePair<long, long>> _applied = [];

    public LeaseKeeper(LeaseTable table, TimeProvider time, NodeMetrics metrics)
    {
        _table = table;
        _clock = new LeaseClock(table, new LeaseClockOptions());
        _time = time;
        _metrics = metrics;
        _origin = time.GetTimestamp();
    }

    private long NowMs => (long)_time.GetElapsedTime(_origin).TotalMilliseconds;

    /// <summary>
    /// This member leads: starts the clock of each lease, with what was saved as left, else in full. Only the leader keeps time.
    /// </summary>
    /// <param name="extension">Added to each, for the time without a leader in which nobody could renew.</param>
    public void Promote(TimeSpan extension)
    {
        _clock.Promote(NowMs, (long)extension.TotalMilliseconds);
        _leads = true;
    }

    /// <summary>This member leads no more: its clock stands still and knows no lease.</summary>
    public void Demote()
    {
        _leads = false;
        _clock.Demote();
    }

    /// <summary>The loop has applied an entry that concerns leases.</summary>
    public void Applied(EntryKind kind, ReadOnlyMemory<byte> payload, in ApplyResult result)
    {
        if (result.Error is not null || !_leads)
        {
            return;
        }

        switch (kind)
        {
            case EntryKind.LeaseGrant:
                _clock.Granted(result.LeaseId, result.LeaseTtl, NowMs);
                break;
            case EntryKind.LeaseRevoke:
                _clock.Revoked(RequestDecoder.DecodeLeaseRevoke(payload));
                break;
            case EntryKind.LeaseCheckpoint:
                _applied.Clear();
                RequestDecoder.DecodeLeaseCheckpoint(payload, _applied);
                foreach ((long id, long remaining) in _applied)
                {
                    _clock.CheckpointApplied(id, remaining);
                }

                break;
            default:
                break;
        }
    }

    /// <summary>Proposes the revokes of leases that have run out, and saves remaining TTLs that are worth it. On the loop.</summary>
    public void Tick(IWriteQueue queue)
    {
        if (!_leads)
        {
            return;
        }

        long now = NowMs;
        _expired.Clear();
        _clock.Advance(now, MaxRevokesPerTick, _expired);
        foreach (long id in _expired)
        {
            ArrayBufferWriter<byte> request = new(16);
            RequestEncoder.EncodeLeaseRevoke(id, request);
            queue.Post((byte)EntryKind.LeaseRevoke, request.WrittenMemory);
            _metrics.LeaseExpired();
        }

        _checkpoints.Clear();
        _clock.CollectCheckpoints(now, MaxCheckpointsPerTick, _checkpoints);
        if (_checkpoints.Count > 0)
        {
            queue.Post((byte)EntryKind.LeaseCheckpoint, Encode(_checkpoints));
        }
    }

    /// <summary>Renews a lease; when a shorter remaining TTL has been saved, that is taken back first.</summary>
    /// <returns>The TTL in seconds, or 0 when the lease does not exist or has run out.</returns>
    public async ValueTask<long> RenewAsync(long id, IWriteQueue queue)
    {
        bool exists = _clock.TryRenew(id, NowMs, out long ttl, out bool needsReset);
        ThrowIfNotLeading();
        if (exists && needsReset)
        {
            ApplyResult reset = await queue
                .Enqueue((byte)EntryKind.LeaseCheckpoint, Encode([new LeaseCheckpoint(id, 0)])).ConfigureAwait(false);
            return reset.Error is null ? ttl : throw new EtcdException(reset.Error);
        }

        return ttl;
    }

    /// <summary>What all leases have left, to be saved before a stop; empty when there is none.</summary>
    public ReadOnlyMemory<byte> EncodeAllRemaining()
    {
        long now = NowMs;
        List<LeaseCheckpoint> all = [];
        foreach (long id in _clock.SoonestFirst())
        {
            long remaining = _clock.RemainingMs(id, now);
            if (remaining > 0)
            {
                all.Add(new LeaseCheckpoint(id, (remaining + 999) / 1000));
            }
        }

        return Encode(all);
    }

    /// <summary>State of a lease, or null when it does not exist or has run out.</summary>
    public LeaseStatus? Status(long id, bool withKeys)
    {
        long remaining = _clock.RemainingMs(id, NowMs);
        if (remaining <= 0 || !_table.TryGet(id, out LeaseInfo lease))
        {
            return null;
        }

        return new LeaseStatus(
            id, TimeSpan.FromSeconds(lease.GrantedTtl), TimeSpan.FromMilliseconds(remaining), withKeys ? Keys(id) : []);
    }

    /// <summary>Keys attached to a lease as of the last applied entry.</summary>
    public List<Bytes> Keys(long id)
    {
        List<Bytes> keys = [];
        foreach (byte[] key in _table.Keys(id))
        {
            keys.Add(key);
        }

        return keys;
    }

    /// <summary>Answers a member's question for what a lease has left: as a client's, in whole seconds that it has at least.</summary>
    /// <exception cref="EtcdException">NotLeader: only the leader keeps time.</exception>
    public LeaseAnswerFrame Answer(in LeaseCallFrame call)
    {
        long remaining = _clock.RemainingMs(call.Lease, NowMs);
        ThrowIfNotLeading();
        return remaining > 0 && _table.TryGet(call.Lease, out LeaseInfo lease)
            ? new LeaseAnswerFrame(call.Sequence, remaining / 1000, lease.GrantedTtl)
            : new LeaseAnswerFrame(call.Sequence, -1, 0);
    }

    /// <summary>Ids of all leases: on the leader soonest to run out first, elsewhere in ascending order.</summary>
    public IReadOnlyList<long> Ids() => _leads ? _clock.SoonestFirst() : [.. _table.Snapshot().Select(lease => lease.Id).Order()];

    /// <summary>Whether this member keeps the time of leases.</summary>
    public bool Leads => _leads;

    // The clock of a member that lost the lead knows no lease, which must not be taken for an answer.
    private void ThrowIfNotLeading()
    {
        if (!_leads)
        {
            throw new EtcdException(EtcdError.NotLeader);
        }
    }

    private static ReadOnlyMemory<byte> Encode(List<LeaseCheckpoint> checkpoints)
    {
        ArrayBufferWriter<byte> payload = new(16 * checkpoints.Count + 1);
        foreach (LeaseCheckpoint checkpoint in checkpoints)
        {
            RequestEncoder.EncodeLeaseCheckpoint(checkpoint.Id, checkpoint.RemainingSeconds, payload);
        }

        return payload.WrittenMemory;
    }
}

using System.Runtime.InteropServices;
using Etcdish.Cluster.Peers;
using Etcdish.Consensus;
using Etcdish.Log;
using Etcdish.Store;

namespace Etcdish.Cluster;

/// <summary>
/// One member's consensus, log and store, driven in rounds by whoever owns its thread: the node loop, or a simulation. It reads no clock and
/// starts no thread; <see cref="Tick"/> is the time.
/// </summary>
/// <remarks>
/// A round: hand over what came, append what the core wants written, send what waits for nothing, make the batch durable with one sync, tell
/// the core, send the rest, apply what is committed, publish it, answer. A single voter takes the same way: its own sync is its quorum.
/// </remarks>
internal sealed class Replica
{
    private const ulong TrimStep = 1024;

    private readonly RaftNode _raft;
    private readonly ReplicaLog _log;
    private readonly EntryTail _tail;
    private readonly RevisionStore _store;
    private readonly WatchHub _watches;
    private readonly LeaseKeeper _leases;
    private readonly MemberTable _members;
    private readonly NodeMetrics _metrics;
    private readonly IReplicaHost _host;
    private readonly ReplicaOptions _options;
    private readonly PromisedWrites _promised = new();
    private readonly List<Proposal> _writes = [];
    private readonly List<Proposal> _localRecords = [];
    private readonly List<KeyRevision> _changes = [];
    private bool _coreMoved;
    private bool _diskIsFull;
    private long _now;

    public Replica(ReplicaParts parts, ReplicaOptions options, IReplicaHost host)
    {
        _options = options;
        _host = host;
        _store = parts.Store;
        _watches = parts.Watches;
        _leases = parts.Leases;
        _metrics = parts.Metrics;
        _members = parts.Members;
        _tail = parts.Tail;
        _log = new ReplicaLog(parts.Log, parts.Tail, parts.Restored.HardState);
        _raft = new RaftNode(options.Raft, parts.Restored, parts.Tail);
        Status = new ReplicaStatus(_raft, _store.AppliedIndex);
        if (DecidesAlone)
        {
            _raft.Campaign();
        }

        _coreMoved = true;
    }

    /// <summary>Term, leader and indexes, for any thread.</summary>
    public ReplicaStatus Status { get; }

    /// <summary>Requests that have their answer; the driver gives it and clears the list after each round.</summary>
    public List<Proposal> Completed { get; } = [];

    /// <summary>What the core wants written finds no room. As work, or while no round runs.</summary>
    public bool IsDiskFull => _diskIsFull;

    /// <summary>Nobody else votes. What is durable here is then committed.</summary>
    private bool DecidesAlone =>
        _raft.Configuration is { IsJoint: false, Voters: [var only] } && only == _options.Raft.Id;

    /// <summary>One tick of time passed.</summary>
    public void Tick()
    {
        _now++;
        _raft.Tick();
        _coreMoved = true;
        _promised.Expire(_now - _options.RequestTimeoutTicks, _tail, Completed);
        ExpireHeld(_now - _options.RequestTimeoutTicks);
    }

    /// <summary>Runs a round with what was asked for since the last.</summary>
    /// <param name="requests">
    /// Writes, local records and work, in order; those with a failure set are only answered. They belong to the replica until they are in
    /// <see cref="Completed"/>.
    /// </param>
    public void RunRound(List<Proposal> requests)
    {
        if (_coreMoved)
        {
            Drain();
            MakeDurable();
        }

        TakeRequests(requests);
        if (_coreMoved)
        {
            Drain();
        }

        MakeDurable();
        ApplyLocalRecords();
        ApplyCommitted();
        RunWork(requests);
        PublishChanges();
        TrimTail();
        Status.Update(_raft, _store.AppliedIndex, ReadsAreLocal);
    }

    /// <summary>The node is unfit or stops: everything that waits is failed.</summary>
    /// <param name="requests">Those of the round that was under way.</param>
    public void FailAll(List<Proposal> requests)
    {
        foreach (Proposal request in requests)
        {
            request.Fail(EtcdError.Stopped, Completed);
        }

        foreach (Proposal write in _writes)
        {
            write.Fail(EtcdError.Stopped, Completed);
        }

        _writes.Clear();
        _promised.FailAll(EtcdError.Stopped, Completed);
    }

    /// <summary>
    /// Where a replay from now on has to start, to be called as work: at the first entry that is not applied, even if younger records lie
    /// behind it.
    /// </summary>
    public LogPosition ReplayFrom(LogPosition end)
    {
        ulong next = _store.AppliedIndex + 1;
        return _tail.Contains(next) ? SegmentedLog.RecordAt(_tail.Place(next).Payload) : end;
    }

    /// <summary>What a checkpoint of the store as it is now has to hold of the group. As work.</summary>
    public ClusterState CaptureCluster()
    {
        HardState hardState = _log.DurableState with { Commit = _store.AppliedIndex };
        Membership membership = new(_members.Configuration, [.. _members.Members]);
        return new ClusterState(_store.AppliedIndex, _store.AppliedTerm, hardState, membership);
    }

    /// <summary>The oldest segment with an entry that may have to be sent to a follower; none below it is needed for that. As work.</summary>
    /// <param name="spaceIsShort">The disk has no room: what followers lack they then get as a snapshot.</param>
    public uint OldestNeededSegment(bool spaceIsShort)
    {
        if (spaceIsShort)
        {
            ForgetBefore(_store.AppliedIndex + 1);
        }

        return _tail.First <= _tail.Last ? _tail.Place(_tail.First).Payload.Segment : uint.MaxValue;
    }

    // All that is durable is applied, and nobody else could have decided anything beyond it.
    private bool ReadsAreLocal => DecidesAlone && _store.AppliedIndex == _log.DurableIndex;

    private void ExpireHeld(long since)
    {
        for (int i = _writes.Count - 1; i >= 0; i--)
        {
            if (_writes[i].HeldSince <= since)
            {
                _writes[i].Fail(EtcdError.Timeout, Completed);
                _writes.RemoveAt(i);
            }
        }
    }

    private void Drain()
    {
        _coreMoved = false;
        Effects effects = _raft.Drain();
        _log.Take(effects);
        if (effects.StatusChanged)
        {
            FollowStatus();
        }
    }

    private void FollowStatus()
    {
        if (_raft.Role == Role.Leader)
        {
            _leases.Promote(DecidesAlone ? TimeSpan.Zero : _options.LeaseExtension);
        }
        else
        {
            _leases.Demote();
        }
    }

    private void MakeDurable()
    {
        while (_log.IsOwing || _log.HasBatch)
        {
            if (!TryAppendOwed())
            {
                return;
            }

            _host.CommitLog();
            _log.Committed();
            _raft.OnDurable(_log.DurableWrite);
            Drain();
        }
    }

    private bool TryAppendOwed()
    {
        try
        {
            _log.AppendOwed();
            _diskIsFull = false;
            return true;
        }
        catch (DiskFullException)
        {
            _diskIsFull = true;
            _metrics.DiskFull();
            return false;
        }
    }

    private void TakeRequests(List<Proposal> requests)
    {
        foreach (Proposal request in requests)
        {
            if (request.Failure is not null)
            {
                request.Fail(request.Failure, Completed);
            }
            else if (request.LoopWork is null)
            {
                request.HeldSince = _now;
                (request.Kind < LocalRecordKind.First ? _writes : _localRecords).Add(request);
            }
        }

        if (_writes.Count > 0 || _localRecords.Count > 0)
        {
            AppendRequests();
        }
    }

    private void AppendRequests()
    {
        try
        {
            _log.AppendOwed();
            _diskIsFull = false;
            AppendLocalRecords();
            if (_raft.Role == Role.Leader && _raft.TransferTarget == 0)
            {
                ProposeWrites();
            }
        }
        catch (DiskFullException)
        {
            _diskIsFull = true;
            _metrics.DiskFull();
            RefuseForSpace(_writes);
            RefuseForSpace(_localRecords);
        }
    }

    // First into the log's batch, then to the core: what a full disk refuses was never proposed.
    private void ProposeWrites()
    {
        ulong index = _tail.Last;
        long bytes = 0;
        int count = 0;
        foreach (Proposal write in _writes)
        {
            int size = write.Payload.Length;
            long before = _tail.UnappliedBytes + bytes;
            if (before > 0 && before + size > _options.MaxUncommittedBytes)
            {
                write.Fail(EtcdError.RequestTooManyRequests, Completed);
                continue;
            }

            write.Position = _log.Append(write.Kind, ++index, _raft.Term, write.Payload.Span);
            bytes += size;
            count++;
        }

        if (count > 0)
        {
            Promise(_raft.Propose(count, bytes));
        }

        _writes.Clear();
    }

    private void Promise(in ProposalResult proposed)
    {
        if (proposed.Refusal != Refusal.None || proposed.Index != _tail.Last + 1)
        {
            throw new InvalidOperationException($"a leader's core refused a proposal: {proposed.Refusal}, index {proposed.Index}");
        }

        foreach (Proposal write in _writes)
        {
            if (write.IsWaiting)
            {
                _tail.Add(write.Kind, proposed.Term, write.Payload, write.Position);
                _promised.Add(write, _tail.Last, proposed.Term, _now);
            }
        }

        _log.Proposed();
        _coreMoved = true;
    }

    private void AppendLocalRecords()
    {
        foreach (Proposal record in _localRecords)
        {
            record.Position = _log.Append(record.Kind, 0, _raft.Term, record.Payload.Span);
        }
    }

    private void RefuseForSpace(List<Proposal> requests)
    {
        foreach (Proposal request in requests)
        {
            request.Fail(EtcdError.NoSpace, Completed);
        }

        requests.Clear();
    }

    private void ApplyLocalRecords()
    {
        foreach (Proposal record in _localRecords)
        {
            RelocationRecord.Apply(_store, record.Payload, record.Position);
            record.Succeed(default, Completed);
        }

        _localRecords.Clear();
    }

    private void ApplyCommitted()
    {
        ulong last = Math.Min(_raft.Commit, _log.DurableIndex);
        if (last <= _store.AppliedIndex)
        {
            return;
        }

        for (ulong index = _store.AppliedIndex + 1; index <= last; index++)
        {
            Apply(index);
        }

        _raft.OnApplied(last);
        _tail.ApplyThrough(last);
    }

    private void Apply(ulong index)
    {
        EntryPlace place = _tail.Place(index);
        ReadOnlyMemory<byte> payload = _tail.Payload(index);
        EntryKind kind = EntryKinds.ForStore(place.Kind);
        ApplyResult result = _store.Apply(
            new StoreEntry(index, place.Term, kind, payload, place.Payload.Segment, place.Payload.Offset));
        if (kind is EntryKind.LeaseGrant or EntryKind.LeaseRevoke or EntryKind.LeaseCheckpoint)
        {
            _leases.Applied(kind, payload, result);
        }
        else if (place.Kind is EntryKinds.Configuration or EntryKinds.MemberAttributes)
        {
            _members.Apply(place.Kind, payload.Span);
        }

        foreach (KeyRevision change in _store.LastChanges)
        {
            _changes.Add(change);
        }

        _promised.OnApplied(index, place.Term, result, Completed);
    }

    // After the whole batch, so that the work sees a state that belongs to the end of the log.
    private void RunWork(List<Proposal> requests)
    {
        foreach (Proposal request in requests)
        {
            if (request.LoopWork is { } work && request.IsWaiting)
            {
                work();
                request.Succeed(default, Completed);
            }
        }
    }

    private void PublishChanges()
    {
        if (_changes.Count > 0)
        {
            if (_watches.Publish(CollectionsMarshal.AsSpan(_changes)))
            {
                _host.WakeWatchers();
            }

            _changes.Clear();
        }
    }

    // In steps: forgetting costs the core a little each time.
    private void TrimTail()
    {
        ulong keep = DecidesAlone ? 0UL : _options.KeptEntries;
        ulong applied = _store.AppliedIndex;
        ulong known = _tail.First <= applied ? applied - _tail.First + 1 : 0;
        if (known >= keep + TrimStep)
        {
            ForgetBefore(applied - keep + 1);
        }
    }

    private void ForgetBefore(ulong index)
    {
        if (index > _tail.First)
        {
            _tail.ForgetBefore(index);
            _raft.OnCompacted(index - 1);
        }
    }
}

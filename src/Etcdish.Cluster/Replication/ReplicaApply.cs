using System.Runtime.InteropServices;
using Etcdish.Consensus;
using Etcdish.Store;

namespace Etcdish.Cluster;

/// <summary>Applies what is committed and durable here, in order, and publishes what it changed.</summary>
internal sealed class ReplicaApply(
    ReplicaParts parts, RaftNode raft, ReplicaLog log, ReplicaWrites writes, IReplicaHost host, Action membersChanged)
{
    private readonly RevisionStore _store = parts.Store;
    private readonly EntryTail _tail = parts.Tail;
    private readonly List<KeyRevision> _changes = [];

    /// <summary>Applies all that can be.</summary>
    public void Run()
    {
        ulong last = Math.Min(raft.Commit, log.DurableIndex);
        if (last <= _store.AppliedIndex)
        {
            return;
        }

        for (ulong index = _store.AppliedIndex + 1; index <= last; index++)
        {
            Apply(index);
        }

        if (parts.Members.AppliedThrough(last))
        {
            membersChanged();
        }

        raft.OnApplied(last);
        _tail.ApplyThrough(last);
    }

    /// <summary>Tells the watchers, once a round.</summary>
    public void Publish()
    {
        if (_changes.Count > 0)
        {
            if (parts.Watches.Publish(CollectionsMarshal.AsSpan(_changes)))
            {
                host.WakeWatchers();
            }

            _changes.Clear();
        }
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
            parts.Leases.Applied(kind, payload, result);
        }
        else if (EntryKinds.ConcernsMembers(place.Kind))
        {
            parts.Members.Apply(place.Kind, payload.Span);
            membersChanged();
        }

        foreach (KeyRevision change in _store.LastChanges)
        {
            _changes.Add(change);
        }

        writes.OnApplied(index, place.Term, result);
    }
}

using Etcdish.Store;

namespace Etcdish.Server.Snapshot;

/// <summary>
/// The revision store as it was after one log entry. It keeps a reference to every version of that moment (8 bytes each), so that
/// compaction goes on while a slow client reads; only the deletion of log segments waits until this is disposed.
/// </summary>
internal sealed class RevisionStoreSnapshot : ISnapshotState
{
    private readonly List<KeyRevision> _revisions = [];
    private readonly ReadScope _scope;

    /// <summary>Captures the state after the last applied entry. Any thread.</summary>
    /// <param name="store">The store.</param>
    /// <param name="values">Where its values are.</param>
    /// <param name="members">The cluster's members.</param>
    public RevisionStoreSnapshot(RevisionStore store, IValueSource values, IReadOnlyCollection<SnapshotMember> members)
    {
        Values = values;
        Members = members;
        _scope = values.EnterRead();
        try
        {
            using StoreCheckpoint checkpoint = store.CaptureCheckpoint();
            Revision = checkpoint.Revision;
            CompactedRevision = checkpoint.CompactedRevision;
            AppliedIndex = checkpoint.AppliedIndex;
            AppliedTerm = checkpoint.AppliedTerm;
            Leases = checkpoint.Leases;
            Alarms = checkpoint.Alarms;
            checkpoint.CollectVersions(_revisions);
        }
        catch
        {
            _scope.Dispose();
            throw;
        }

        _revisions.Sort(static (x, y) => x.ModRevision != y.ModRevision
            ? x.ModRevision.CompareTo(y.ModRevision)
            : x.SubRevision.CompareTo(y.SubRevision));
    }

    /// <inheritdoc/>
    public long Revision { get; }

    /// <inheritdoc/>
    public long CompactedRevision { get; }

    /// <inheritdoc/>
    public ulong AppliedIndex { get; }

    /// <inheritdoc/>
    public ulong AppliedTerm { get; }

    /// <inheritdoc/>
    public IValueSource Values { get; }

    /// <inheritdoc/>
    public IReadOnlyCollection<LeaseInfo> Leases { get; }

    /// <inheritdoc/>
    public IReadOnlyCollection<SnapshotMember> Members { get; }

    /// <inheritdoc/>
    public IReadOnlyCollection<AlarmMember> Alarms { get; }

    /// <inheritdoc/>
    public IEnumerable<KeyRevision> Revisions() => _revisions;

    /// <summary>Lets go of the log's segments. To be called once, when the snapshot is sent.</summary>
    public void Dispose() => _scope.Dispose();
}

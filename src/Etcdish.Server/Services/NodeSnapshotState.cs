using Etcdish.Cluster;
using Etcdish.Server.Configuration;
using Etcdish.Server.Snapshot;
using Etcdish.Store;

namespace Etcdish.Server.Services;

/// <summary>The node's state held still for a snapshot.</summary>
internal sealed class NodeSnapshotState : ISnapshotState
{
    private readonly ReadScope _scope;
    private readonly RetainedRevisions _retained;

    public NodeSnapshotState(Node node, ServerOptions options)
    {
        Values = node.Values;
        _scope = node.Values.EnterRead();
        try
        {
            // Index before revision: an index that is too low makes a restored member ask for a little more, one too high would lose it.
            AppliedIndex = node.AppliedIndex;
            AppliedTerm = node.Store.AppliedTerm;
            _retained = RetainedRevisions.Collect(node.Store, node.Store.CurrentRevision);
            Leases = [.. node.Store.Leases.Snapshot().Select(lease => new SnapshotLease(lease.Id, lease.GrantedTtl, lease.RemainingTtl))];
            Alarms = [.. node.Store.Alarms(AlarmType.None).Select(alarm => new SnapshotAlarm(alarm.MemberId, (int)alarm.Type))];
            Members =
            [
                new SnapshotMember(
                    node.MemberId,
                    node.Name,
                    [.. options.InitialAdvertisePeerUrls.Select(url => url.ToString())],
                    [.. options.AdvertiseClientUrls.Select(url => url.ToString())],
                    IsLearner: false),
            ];
        }
        catch
        {
            _scope.Dispose();
            throw;
        }
    }

    public long Revision => _retained.Revision;

    public long CompactedRevision => _retained.CompactedRevision;

    public ulong AppliedIndex { get; }

    public ulong AppliedTerm { get; }

    public IValueSource Values { get; }

    public IReadOnlyCollection<SnapshotLease> Leases { get; }

    public IReadOnlyCollection<SnapshotMember> Members { get; }

    public IReadOnlyCollection<SnapshotAlarm> Alarms { get; }

    public IEnumerable<KeyRevision> Revisions() => _retained.Changes;

    public void Dispose() => _scope.Dispose();
}

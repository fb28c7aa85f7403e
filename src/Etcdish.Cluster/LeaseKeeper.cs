using Etcdish.Store;

namespace Etcdish.Cluster;

/// <summary>
/// Keeps time for leases: the replicated table says which exist, this says when they run out, by the node's own monotonic clock. Expiry is
/// a revoke that goes through the log like any other write.
/// </summary>
internal sealed class LeaseKeeper(LeaseTable table)
{
    /// <summary>State of a lease, or null when it does not exist.</summary>
    public LeaseStatus? Status(long id, bool withKeys)
    {
        if (!table.TryGet(id, out LeaseInfo lease))
        {
            return null;
        }

        List<Bytes> keys = [];
        if (withKeys)
        {
            keys.AddRange(table.Keys(id).Select(key => new Bytes(key)));
        }

        return new LeaseStatus(id, TimeSpan.FromSeconds(lease.GrantedTtl), TimeSpan.FromSeconds(lease.GrantedTtl), keys);
    }

    public IReadOnlyList<long> Ids() => [.. table.Snapshot().Select(lease => lease.Id)];

    public long Renew(long id) => table.TryGet(id, out LeaseInfo lease) ? lease.GrantedTtl : 0;
}

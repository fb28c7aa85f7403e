using Etcdish.Store;

namespace Etcdish.Simulation;

/// <summary>All that a store holds now, as text: keys with their values and leases, and the leases with their keys.</summary>
internal static class StateText
{
    public static string Of(RevisionStore store, IValueSource values)
    {
        using ReadScope scope = values.EnterRead();
        RangeResult all = store.Range(new RangeRequest { Key = new byte[] { 0 }, RangeEnd = new byte[] { 0 } });
        IEnumerable<string> keys = all.Revisions.Select(version => Texts.KeyValue(version, values).ToString());
        IEnumerable<string> leases = store.Leases.Snapshot().OrderBy(lease => lease.Id)
            .Select(lease => $"lease {lease.Id} ttl {lease.GrantedTtl} with {store.Leases.Keys(lease.Id).Count} keys");
        return string.Join(", ", keys.Concat(leases));
    }
}

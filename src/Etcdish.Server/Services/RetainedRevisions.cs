using Etcdish.Store;

namespace Etcdish.Server.Services;

/// <summary>
/// All changes that the store keeps at one moment, in order of revision: what a snapshot holds and what a hash is made of. They are
/// collected as references up front, so that later writes and compactions do not show.
/// </summary>
/// <param name="CompactedRevision">Revision of the last compaction, 0 or less for none.</param>
/// <param name="Revision">Revision of the last change.</param>
/// <param name="Changes">The changes in order.</param>
internal sealed record RetainedRevisions(long CompactedRevision, long Revision, IReadOnlyList<KeyRevision> Changes)
{
    private const int RevisionsPerRead = 10_000;

    /// <summary>Collects; the caller is in a <see cref="ReadScope"/> for as long as it wants to read values.</summary>
    /// <param name="store">The store.</param>
    /// <param name="lastRevision">Last revision wanted.</param>
    public static RetainedRevisions Collect(RevisionStore store, long lastRevision)
    {
        while (true)
        {
            try
            {
                return CollectOnce(store, lastRevision);
            }
            catch (EtcdException e) when (e.Error == EtcdError.Compacted && store.CompactedRevision <= lastRevision)
            {
                // A compaction came in between: begin again from it.
            }
        }
    }

    private static RetainedRevisions CollectOnce(RevisionStore store, long lastRevision)
    {
        long compacted = store.CompactedRevision;
        var changes = new List<KeyRevision>();
        if (compacted > 0)
        {
            // What a compaction leaves from before it: the versions that were current at it.
            RangeResult survivors = store.Range(new RangeRequest { Key = new byte[1], RangeEnd = new byte[1], Revision = compacted });
            changes.AddRange(survivors.Revisions.Where(version => version.ModRevision < compacted));
            changes.Sort(static (a, b) => (a.ModRevision, a.SubRevision).CompareTo((b.ModRevision, b.SubRevision)));
        }

        long next = Math.Max(compacted, 1);
        while (next <= lastRevision)
        {
            next = store.ReadChanges(next, RevisionsPerRead, changes);
        }

        int end = changes.Count;
        while (end > 0 && changes[end - 1].ModRevision > lastRevision)
        {
            end--;
        }

        changes.RemoveRange(end, changes.Count - end);
        return new RetainedRevisions(compacted, lastRevision, changes);
    }
}

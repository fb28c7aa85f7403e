namespace Etcdish.Store;

/// <summary>Reads the retained changes in revision order, for watchers that are behind.</summary>
internal sealed class RevisionHistory(StoreState state) : IRevisionHistory
{
    public long CurrentRevision => state.CurrentRevision;

    public long CompactedRevision => state.CompactedRevision;

    public long ReadChanges(long fromRevision, int maxRevisions, List<KeyRevision> changes)
    {
        ArgumentNullException.ThrowIfNull(changes);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxRevisions, 1);
        state.Gate.EnterReadLock();
        try
        {
            if (fromRevision < state.CompactedRevision)
            {
                throw new EtcdException(EtcdError.Compacted);
            }

            return Copy(fromRevision, maxRevisions, changes);
        }
        finally
        {
            state.Gate.ExitReadLock();
        }
    }

    private long Copy(long fromRevision, int maxRevisions, List<KeyRevision> changes)
    {
        var current = state.CurrentRevision;
        var log = state.Log;
        var revisions = 0;
        long last = 0;
        for (var position = log.Seek(fromRevision); position < log.End; position++)
        {
            var change = log[position];
            if (change.ModRevision > current)
            {
                break;
            }

            if (change.ModRevision != last)
            {
                if (revisions++ == maxRevisions)
                {
                    return last + 1;
                }

                last = change.ModRevision;
            }

            changes.Add(change);
        }

        return Math.Max(fromRevision, current + 1);
    }
}

namespace Etcdish.Store;

/// <summary>The retained changes in revision order: what watchers that are behind read from. All members are safe on any thread.</summary>
public interface IRevisionHistory
{
    /// <summary>Revision of the last applied change, 1 for an empty store.</summary>
    long CurrentRevision { get; }

    /// <summary>Revision of the last compaction, or -1. History from this revision on is complete (also the tombstones at it).</summary>
    long CompactedRevision { get; }

    /// <summary>
    /// Appends the changes of at most <paramref name="maxRevisions"/> whole main revisions, from <paramref name="fromRevision"/> on, in
    /// order of (main, sub) revision.
    /// </summary>
    /// <param name="fromRevision">First main revision wanted; it must not be below <see cref="CompactedRevision"/>.</param>
    /// <param name="maxRevisions">How many main revisions at most, 1 or more.</param>
    /// <param name="changes">Receives the changes.</param>
    /// <returns>The next main revision to read from: one past the last one covered. Equals CurrentRevision + 1 when at the head.</returns>
    /// <exception cref="EtcdException">
    /// <see cref="EtcdError.Compacted"/> when <paramref name="fromRevision"/> has been compacted away.
    /// </exception>
    long ReadChanges(long fromRevision, int maxRevisions, List<KeyRevision> changes);
}

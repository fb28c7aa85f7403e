using Etcdish.Server.Snapshot.Bolt;

namespace Etcdish.Server.Snapshot;

/// <summary>
/// Walks a snapshot's changes in the order of (main, sub) revision. What it gives keeps etcd's rules for single changes: keys are not
/// empty, a put's revisions and version are possible ones. Whether they fit each other is for the importing store to check.
/// </summary>
/// <param name="pairs">The bucket "key".</param>
internal sealed class EtcdRevisionReader(BoltTreeReader pairs)
{
    /// <summary>The current change; its memories stay good after the next step.</summary>
    public SnapshotRevision Current { get; private set; }

    /// <summary>
    /// Highest revision met so far, at least 1. After the last step this, or the compacted revision if that is higher, is the store's
    /// current revision; it can be above the last change's when a restore has bumped it.
    /// </summary>
    public long Revision { get; private set; } = 1;

    /// <summary>Steps to the next change; false after the last.</summary>
    /// <exception cref="InvalidDataException">The file is damaged.</exception>
    public bool MoveNext()
    {
        while (pairs.MoveNext())
        {
            if (pairs.IsBucket)
                throw BoltNode.Damage(pairs.KeyOffset, "a bucket among the changes");
            if (!RevisionKey.TryRead(pairs.Key.Span, out long main, out long sub, out bool isTombstone) || main < 1 || sub > int.MaxValue)
                throw BoltNode.Damage(pairs.KeyOffset, "a change's key is no revision");
            Revision = main;
            // etcdutl's --bump-revision leaves an empty pair to say that revisions up to here are taken.
            if (pairs.Value.IsEmpty && !isTombstone)
                continue;
            Current = new SnapshotRevision(main, (int)sub, isTombstone, ReadPair(main, isTombstone));
            return true;
        }

        return false;
    }

    private SnapshotKeyValue ReadPair(long main, bool isTombstone)
    {
        if (!KeyValueCodec.TryRead(pairs.Value, out SnapshotKeyValue pair))
            throw BoltNode.Damage(pairs.ValueOffset, "a change is not valid protobuf");
        if (pair.Key.IsEmpty)
            throw BoltNode.Damage(pairs.ValueOffset, "a change without a key");
        bool isPossiblePut = pair.ModRevision == main && pair.CreateRevision >= 1 && pair.CreateRevision <= main && pair.Version >= 1;
        if (!isTombstone && !isPossiblePut)
            throw BoltNode.Damage(pairs.ValueOffset, $"a put of revision {main} with impossible revisions or version");
        return pair;
    }
}

/// <summary>A change in a snapshot's history.</summary>
/// <param name="ModRevision">Main revision.</param>
/// <param name="SubRevision">Position among the changes of that revision.</param>
/// <param name="IsTombstone">Whether it deleted the key; then only <see cref="SnapshotKeyValue.Key"/> is set.</param>
/// <param name="Pair">The pair that was put.</param>
internal readonly record struct SnapshotRevision(long ModRevision, int SubRevision, bool IsTombstone, SnapshotKeyValue Pair);

namespace Etcdish.Store;

/// <summary>The index's side of the log's collector: which versions have their value in a segment, and moving them elsewhere.</summary>
internal sealed class Relocator(StoreState state, StoreOptions options)
{
    public void FindReferences(IReadOnlySet<uint> segments, List<KeyRevision> found)
    {
        var walk = new IndexWalk(state, options, state.Epoch);
        for (var batch = walk.NextBatch(); batch.Count > 0; batch = walk.NextBatch())
        {
            foreach (var newest in batch)
            {
                for (var version = newest; version is not null; version = version.Previous)
                {
                    if (version.ValueLength > 0 && segments.Contains(version.Value.Segment))
                    {
                        found.Add(version);
                    }
                }
            }
        }
    }

    /// <summary>A retained version by its revision. The caller holds <see cref="StoreState.Writer"/>.</summary>
    public KeyRevision? Find(ReadOnlySpan<byte> key, long modRevision, int subRevision)
    {
        var version = state.Index.Find(key);
        while (version is not null && (version.ModRevision, version.SubRevision).CompareTo((modRevision, subRevision)) > 0)
        {
            version = version.Previous;
        }

        return version is not null && version.ModRevision == modRevision && version.SubRevision == subRevision ? version : null;
    }

    /// <summary>Moves a version's value. The caller holds <see cref="StoreState.Writer"/>.</summary>
    /// <returns>False when the version is no longer retained, so that the copy is garbage.</returns>
    public bool Relocate(KeyRevision version, in ValueReference copy)
    {
        var old = version.Value;
        if (copy.Length != old.Length || copy.Checksum != old.Checksum)
        {
            throw new ArgumentException("the copy is not of the same bytes", nameof(copy));
        }

        if (!ReferenceEquals(Find(version.Key, version.ModRevision, version.SubRevision), version))
        {
            return false;
        }

        version.MoveValue(copy);
        state.Usage.Move(old.Segment, copy.Segment, version);
        return true;
    }
}

namespace Etcdish.Store;

/// <summary>
/// Revisions that somebody is reading at without holding the lock: physical compaction stays at or below the lowest. A pin is taken under
/// the store's read lock, so that no compaction step can come between choosing the revision and pinning it.
/// </summary>
internal sealed class RevisionPins
{
    private readonly Lock _gate = new();
    private readonly List<long> _pinned = [];

    /// <summary>The lowest pinned revision, or <see cref="long.MaxValue"/>.</summary>
    public long Lowest
    {
        get
        {
            lock (_gate)
            {
                var lowest = long.MaxValue;
                foreach (var revision in _pinned)
                {
                    lowest = Math.Min(lowest, revision);
                }

                return lowest;
            }
        }
    }

    public void Add(long revision)
    {
        lock (_gate)
        {
            _pinned.Add(revision);
        }
    }

    public void Remove(long revision)
    {
        lock (_gate)
        {
            _pinned.Remove(revision);
        }
    }
}

namespace Etcdish.Store;

/// <summary>
/// Takes away what a compaction hid, in small steps. It walks the revision log, not the keys: only a change at or below the compacted
/// revision can have hidden anything (the version before it) or have become needless (a tombstone), so a step costs what was written, not
/// what is stored. For each key the newest version at or below the compacted revision stays, unless it is a tombstone below it; a tombstone
/// exactly at it stays, because a watch from that revision must see the deletion.
/// </summary>
internal sealed class Compactor(StoreState state)
{
    private long _target = -1;
    private long _next;
    private long _finished = -1;

    /// <summary>The revision up to which all is taken away that can go.</summary>
    public long FinishedRevision => Volatile.Read(ref _finished);

    /// <summary>
    /// Works on, looking at <paramref name="maxChanges"/> changes at most. The caller holds <see cref="StoreState.Writer"/>.
    /// </summary>
    /// <returns>Whether there is more to do now; what a reader has pinned has to wait.</returns>
    public bool Step(int maxChanges)
    {
        state.Gate.EnterWriteLock();
        try
        {
            var reachable = Math.Min(state.CompactedRevision, state.Pins.Lowest);
            if (reachable > _target)
            {
                _target = reachable;
                _next = state.Log.Start;
            }

            return Advance(maxChanges);
        }
        finally
        {
            state.Gate.ExitWriteLock();
        }
    }

    /// <summary>Tells that nothing at or below <paramref name="revision"/> is left to do: it came compacted from a checkpoint.</summary>
    public void Reset(long revision)
    {
        (_target, _next) = (revision, state.Log.End);
        Volatile.Write(ref _finished, revision);
    }

    /// <summary>Another state took the place of this one, and may hold what its compaction has hidden.</summary>
    public void Restart()
    {
        (_target, _next) = (-1, 0);
        Volatile.Write(ref _finished, -1);
    }

    private bool Advance(int maxChanges)
    {
        var log = state.Log;
        var cut = log.Start;
        for (; maxChanges > 0 && _next < log.End && log[_next].ModRevision <= _target; maxChanges--, _next++)
        {
            var change = log[_next];
            DropOlderThan(change);
            if (change.ModRevision < _target)
            {
                DropIfTombstone(change);
                cut = _next + 1;
            }
        }

        log.CutBefore(cut);
        if (_next < log.End && log[_next].ModRevision <= _target)
        {
            return true;
        }

        Volatile.Write(ref _finished, _target);
        return false;
    }

    private void DropOlderThan(KeyRevision change)
    {
        for (var hidden = change.Previous; hidden is not null; hidden = hidden.Previous)
        {
            state.Usage.Remove(hidden);
        }

        change.Previous = null;
    }

    private void DropIfTombstone(KeyRevision change)
    {
        if (!change.IsTombstone)
        {
            return;
        }

        var later = state.Index.Find(change.Key);
        if (ReferenceEquals(later, change))
        {
            state.Index.Remove(change.Key);
            state.Usage.Remove(change);
            return;
        }

        while (later is not null && !ReferenceEquals(later.Previous, change))
        {
            later = later.Previous;
        }

        if (later is not null)
        {
            later.Previous = null;
            state.Usage.Remove(change);
        }
    }
}

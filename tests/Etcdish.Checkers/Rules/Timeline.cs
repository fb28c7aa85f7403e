namespace Etcdish.Checkers;

/// <summary>
/// What was known when: which revision had been shown to anyone by a given time, by when a revision had been shown, and which
/// compactions had or could have happened.
/// </summary>
internal sealed class Timeline
{
    private readonly (long Time, long Revision)[] _shown;
    private readonly long[] _shownBy;
    private readonly (long Time, Operation Highest)[] _certainCompactions;
    private readonly (long Time, Operation Highest)[] _possibleCompactions;
    private readonly HashSet<long> _compactRevisions;

    public Timeline(History history, long lastRevision)
    {
        _shown = [.. Observations(history)];
        _shownBy = new long[lastRevision + 2];
        Array.Fill(_shownBy, long.MaxValue);
        foreach ((long time, long revision) in _shown)
        {
            ref long earliest = ref _shownBy[Math.Clamp(revision, 0, lastRevision + 1)];
            earliest = Math.Min(earliest, time);
        }

        for (long revision = lastRevision; revision >= 0; revision--)
            _shownBy[revision] = Math.Min(_shownBy[revision], _shownBy[revision + 1]);

        Array.Sort(_shown, (x, y) => x.Time.CompareTo(y.Time));
        for (int i = 1; i < _shown.Length; i++)
            _shown[i].Revision = Math.Max(_shown[i].Revision, _shown[i - 1].Revision);

        Operation[] compactions = [.. history.Operations.Where(op => op.Call is CompactCall && op.Outcome != Outcome.NotApplied)];
        _compactRevisions = [.. compactions.Select(RevisionOf)];
        _certainCompactions = Highest(compactions.Where(op => op.Outcome == Outcome.Ok), op => op.ReturnedAt);
        _possibleCompactions = Highest(compactions, op => op.CalledAt);
    }

    /// <summary>The highest revision that someone had received before <paramref name="time"/>.</summary>
    public long ShownBefore(long time)
    {
        int count = CountWhile(_shown, shown => shown.Time < time);
        return count == 0 ? 0 : _shown[count - 1].Revision;
    }

    /// <summary>The first time at which someone had received this revision or a higher one.</summary>
    public long ShownBy(long revision) => revision < _shownBy.Length ? _shownBy[Math.Max(0, revision)] : long.MaxValue;

    /// <summary>A compaction above <paramref name="revision"/> that was complete before <paramref name="time"/>.</summary>
    public Operation? CompactedAbove(long revision, long time)
    {
        int count = CountWhile(_certainCompactions, entry => entry.Time < time);
        return count > 0 && RevisionOf(_certainCompactions[count - 1].Highest) > revision ? _certainCompactions[count - 1].Highest : null;
    }

    /// <summary>Whether a compaction above <paramref name="revision"/> may have happened by <paramref name="time"/>.</summary>
    public bool MayBeCompactedAbove(long revision, long time)
    {
        int count = CountWhile(_possibleCompactions, entry => entry.Time <= time);
        return count > 0 && RevisionOf(_possibleCompactions[count - 1].Highest) > revision;
    }

    /// <summary>Whether someone had asked by then for exactly this compaction.</summary>
    public bool MayBeCompactedAt(long revision, long time) =>
        _compactRevisions.Contains(revision) && MayBeCompactedAbove(revision - 1, time);

    private static long RevisionOf(Operation compaction) => ((CompactCall)compaction.Call).Revision;

    private static IEnumerable<(long Time, long Revision)> Observations(History history)
    {
        foreach (Operation operation in history.Operations)
        {
            if (operation.Reply is { } reply)
                yield return (operation.ReturnedAt, reply.Revision);
        }

        foreach (WatchRecord watch in history.Watches)
        {
            foreach (WatchResponse response in watch.Responses)
            {
                long last = response.Events.Count > 0 ? response.Events[^1].Revision : 0;
                yield return (response.ReceivedAt, Math.Max(response.Revision, last));
            }
        }
    }

    /// <summary>For each time at which a compaction counts, the highest one that counts by then.</summary>
    private static (long Time, Operation Highest)[] Highest(IEnumerable<Operation> compactions, Func<Operation, long> timeOf)
    {
        (long Time, Operation Highest)[] sorted = [.. compactions.Select(op => (timeOf(op), op)).OrderBy(entry => entry.Item1)];
        for (int i = 1; i < sorted.Length; i++)
        {
            if (RevisionOf(sorted[i - 1].Highest) > RevisionOf(sorted[i].Highest))
                sorted[i].Highest = sorted[i - 1].Highest;
        }

        return sorted;
    }

    private static int CountWhile<T>(T[] sorted, Func<T, bool> condition)
    {
        int low = 0;
        int high = sorted.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (condition(sorted[middle]))
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }
}

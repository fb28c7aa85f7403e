namespace Etcdish.Checkers;

/// <summary>
/// What was known when: which revision had been shown to anyone by a given time, by when a revision had been shown, and which
/// compactions had or could have happened.
/// </summary>
internal sealed class Timeline
{
    private readonly (long Time, long Revision)[] _shown;
    private readonly long[] _shownBy;
    private readonly Operation[] _certainCompactions;
    private readonly Operation[] _possibleCompactions;

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
        _certainCompactions = [.. compactions.Where(op => op.Outcome == Outcome.Ok).OrderBy(op => op.ReturnedAt)];
        _possibleCompactions = [.. compactions.OrderBy(op => op.CalledAt)];
    }

    /// <summary>The highest revision that someone had received before <paramref name="time"/>.</summary>
    public long ShownBefore(long time)
    {
        int low = 0;
        int high = _shown.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_shown[middle].Time < time)
                low = middle + 1;
            else
                high = middle;
        }

        return low == 0 ? 0 : _shown[low - 1].Revision;
    }

    /// <summary>The first time at which someone had received this revision or a higher one.</summary>
    public long ShownBy(long revision) => revision < _shownBy.Length ? _shownBy[Math.Max(0, revision)] : long.MaxValue;

    /// <summary>A compaction above <paramref name="revision"/> that was complete before <paramref name="time"/>.</summary>
    public Operation? CompactedAbove(long revision, long time) =>
        _certainCompactions.TakeWhile(op => op.ReturnedAt < time).FirstOrDefault(op => RevisionOf(op) > revision);

    /// <summary>Whether a compaction above <paramref name="revision"/> may have happened by <paramref name="time"/>.</summary>
    public bool MayBeCompactedAbove(long revision, long time) =>
        _possibleCompactions.TakeWhile(op => op.CalledAt <= time).Any(op => RevisionOf(op) > revision);

    /// <summary>Whether someone had asked by then for exactly this compaction.</summary>
    public bool MayBeCompactedAt(long revision, long time) =>
        _possibleCompactions.TakeWhile(op => op.CalledAt <= time).Any(op => RevisionOf(op) == revision);

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
                yield return (response.ReceivedAt, Math.Max(response.Revision, response.Events.Count > 0 ? response.Events[^1].Revision : 0));
        }
    }
}

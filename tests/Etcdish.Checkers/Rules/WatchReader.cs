namespace Etcdish.Checkers;

/// <summary>
/// Follows one watch along the witness: the events that it should receive are known, so each received one is the next expected, or
/// it tells by its place what went wrong.
/// </summary>
internal sealed class WatchReader(WatchRecord watch, StateHistory states, Timeline timeline, List<Violation> violations)
{
    private readonly SortedSet<int> _skipped = [];
    private bool _created;
    private bool _canceled;
    private long _start;
    private long _lastRevisionOfEarlierResponses;

    /// <summary>Place in the witness of the next event that may be due.</summary>
    private int _next;

    /// <summary>All wanted events below this revision were delivered; null when the watch never began.</summary>
    public long? Position { get; private set; } = watch.StartRevision > 0 ? watch.StartRevision : null;

    /// <summary>The server ended it because its next events had been compacted.</summary>
    public bool WasCompacted { get; private set; }

    public void Read(WatchResponse response)
    {
        if (_canceled)
            Report(ViolationKind.WatchSpokeAfterCancel, $"a response at {response.ReceivedAt} follows the cancellation");
        if (response.Created == _created)
        {
            string message = _created ? "was created twice" : $"the response at {response.ReceivedAt} precedes `created`";
            Report(ViolationKind.WatchNotCreatedFirst, message);
        }

        if (!_created)
            Begin(response);

        foreach (WatchEvent change in response.Events)
            Read(change, response);
        if (response.Events.Count > 0)
            _lastRevisionOfEarlierResponses = response.Events[^1].Revision;
        if (response.IsProgress)
            ReadBookmark(response);
        if (response.Canceled)
            ReadCancel(response);
    }

    public void End(long awaitedRevision)
    {
        foreach (int index in _skipped)
            Report(ViolationKind.WatchGap, $"never delivered {states.Events[index]}");
        if (awaitedRevision > 0 && !_canceled && FirstWanted(Position ?? awaitedRevision + 1, awaitedRevision + 1) is { } missing)
            Report(ViolationKind.WatchIncomplete, $"was awaited up to revision {awaitedRevision} and did not deliver {missing}");
    }

    /// <summary>The first event of interest to this watch in a half-open range of revisions.</summary>
    public WatchEvent? FirstWanted(long from, long end)
    {
        int stop = states.FirstEventFrom(end);
        for (int i = states.FirstEventFrom(from); i < stop; i++)
        {
            if (IsWanted(states.Events[i]))
                return states.Events[i];
        }

        return null;
    }

    private void Begin(WatchResponse response)
    {
        _created = true;
        _start = watch.StartRevision > 0 ? watch.StartRevision : response.Revision + 1;
        Position = _start;
        _next = states.FirstEventFrom(_start);
    }

    private void Read(WatchEvent change, WatchResponse response)
    {
        if (!IsWanted(change) || change.Revision < _start)
        {
            Report(ViolationKind.WatchUnwantedEvent, $"received {change}");
            return;
        }

        int index = IndexOf(change);
        if (index < 0)
        {
            Report(ViolationKind.WatchWrongEvent, $"received {change}, which is not in the final history");
            return;
        }

        if (index < _next)
        {
            bool late = _skipped.Remove(index);
            Report(late ? ViolationKind.WatchOutOfOrder : ViolationKind.WatchDuplicate, $"received {change} {(late ? "late" : "again")}");
            return;
        }

        for (; _next < index; _next++)
        {
            if (IsWanted(states.Events[_next]))
                _skipped.Add(_next);
        }

        _next = index + 1;
        if (change.Revision == _lastRevisionOfEarlierResponses)
            Report(ViolationKind.WatchSplitRevision, $"received {change} apart from the other changes of its revision");
        Position = Math.Max(Position!.Value, change.Revision + 1);
        CheckContent(change, states.Events[index], response);
    }

    private void CheckContent(WatchEvent change, WatchEvent truth, WatchResponse response)
    {
        if (change.IsDelete != truth.IsDelete || change.Kv != truth.Kv)
            Report(ViolationKind.WatchWrongEvent, $"received {change}, but it was {truth}");

        KeyValue? before = watch.PrevKv ? states.At(change.Revision - 1).Find(change.Kv.Key) : null;
        bool mayBeAbsent = change.PrevKv is null && timeline.MayBeCompactedAbove(change.Revision - 1, response.ReceivedAt);
        if (change.PrevKv != before && !mayBeAbsent)
        {
            Report(
                ViolationKind.WatchWrongPrevKv,
                $"{change} came with prev_kv {change.PrevKv?.ToString() ?? "none"}, expected {before?.ToString() ?? "none"}");
        }
    }

    private void ReadBookmark(WatchResponse response)
    {
        if (FirstWanted(Position!.Value, response.Revision + 1) is { } missing)
            Report(ViolationKind.WatchBookmarkTooEarly, $"was promised all up to revision {response.Revision} before {missing}");
        if (response.Revision < _start - 1)
            Report(ViolationKind.WatchUnwantedEvent, $"got a bookmark of revision {response.Revision}");
        Position = Math.Max(Position.Value, response.Revision + 1);
    }

    private void ReadCancel(WatchResponse response)
    {
        _canceled = true;
        if (response.CompactRevision == 0)
            return;
        WasCompacted = true;
        if (!timeline.MayBeCompactedAt(response.CompactRevision, response.ReceivedAt))
            Report(ViolationKind.WatchWrongCompactRevision, $"nobody had compacted at revision {response.CompactRevision}");
        else if (Position >= response.CompactRevision)
            Report(ViolationKind.WatchWrongCompactRevision, $"needed revision {Position}, kept by compaction {response.CompactRevision}");
    }

    private int IndexOf(WatchEvent change)
    {
        int stop = states.FirstEventFrom(change.Revision + 1);
        for (int i = states.FirstEventFrom(change.Revision); i < stop; i++)
        {
            if (states.Events[i].Kv.Key == change.Kv.Key && states.Events[i].Revision == change.Revision)
                return i;
        }

        return -1;
    }

    private bool IsWanted(WatchEvent change) =>
        watch.Keys.Contains(change.Kv.Key) && !(change.IsDelete ? watch.NoDelete : watch.NoPut);

    private void Report(ViolationKind kind, string message) => violations.Add(new(kind, $"{watch}: {message}"));
}

namespace Etcdish.Checkers.Tests;

/// <summary>A watcher of a generated history: opens, receives, loses its stream, resumes.</summary>
internal sealed class GeneratedWatcher(int slot, Random random, ReferenceStore store, List<WatchRecord> watches)
{
    private WatchRecord? _watch;
    private List<WatchResponse> _responses = [];
    private WatchRecord? _previous;

    /// <summary>Place in the store's events of the next one to look at.</summary>
    private int _next;
    private long _start;
    private long _reached;

    private bool IsInSync => _next == store.Events.Count;

    public void Step(long now)
    {
        if (_watch is null)
            Open(now);
        else if (Math.Max(_start, _reached + 1) < store.CompactRevision && !IsInSync)
            Cancel(now, store.CompactRevision);
        else
            StepOpen(now, random.Next(12));
    }

    public void Finish(long now)
    {
        if (_watch is null)
            return;
        while (!IsInSync)
            Deliver(now);
        Close(awaited: true);
    }

    private void StepOpen(long now, int draw)
    {
        if (draw == 0)
            Close(awaited: false);
        else if (draw == 1 && _start <= store.Revision + 1 && IsInSync)
            Bookmark(now);
        else if (draw == 2 && random.Next(4) == 0)
            Cancel(now, 0);
        else
            Deliver(now);
    }

    private void Open(long now)
    {
        bool resumes = _previous is not null;
        _start = resumes ? _reached + 1 : random.Next(3) == 0 ? Math.Max(1, store.Revision - random.Next(6)) : 0;
        _watch = _previous is { } earlier
            ? earlier with { Resumes = earlier.Id }
            : new WatchRecord(0, random.Next(3) == 0 ? new KeyRange("k1") : KeyRange.Prefix("k"), [])
            {
                PrevKv = random.Next(2) == 0,
                NoPut = random.Next(8) == 0,
                NoDelete = random.Next(8) == 0,
            };
        _watch = _watch with { Id = watches.Count + 1_000 * slot, StartRevision = _start };
        _responses = [new WatchResponse(now, store.Revision, []) { Created = true }];
        if (_start == 0)
            _start = store.Revision + 1;
        _reached = _start - 1;
        _next = store.Events.FindIndex(change => change.Revision >= _start);
        if (_next < 0)
            _next = store.Events.Count;
    }

    private void Deliver(long now)
    {
        var events = new List<WatchEvent>();
        for (int revisions = random.Next(1, 4); revisions > 0 && !IsInSync; revisions--)
        {
            long revision = store.Events[_next].Revision;
            for (; !IsInSync && store.Events[_next].Revision == revision; _next++)
            {
                if (IsWanted(store.Events[_next]))
                    events.Add(WithPrevKv(store.Events[_next]));
            }
        }

        if (events.Count == 0)
            return;
        _reached = events[^1].Revision;
        int cut = events.Count > 1 && random.Next(3) == 0 ? random.Next(1, events.Count) : 0;
        if (cut > 0)
            _responses.Add(new WatchResponse(now, store.Revision, events[..cut]) { Fragment = true });
        _responses.Add(new WatchResponse(now, store.Revision, events[cut..]));
    }

    private void Bookmark(long now)
    {
        _responses.Add(new WatchResponse(now, store.Revision, []));
        _reached = store.Revision;
    }

    private void Cancel(long now, long compactRevision)
    {
        long header = compactRevision > 0 ? 0 : store.Revision;
        _responses.Add(new WatchResponse(now, header, []) { Canceled = true, CompactRevision = compactRevision });
        Close(awaited: false);
        _previous = null;
    }

    private void Close(bool awaited)
    {
        _previous = _watch! with { Responses = _responses, AwaitedRevision = awaited ? store.Revision : 0 };
        watches.Add(_previous);
        _watch = null;
    }

    private bool IsWanted(WatchEvent change) =>
        _watch!.Keys.Contains(change.Kv.Key) && !(change.IsDelete ? _watch.NoDelete : _watch.NoPut);

    private WatchEvent WithPrevKv(WatchEvent change) =>
        _watch!.PrevKv ? change with { PrevKv = store.At(change.Revision - 1).Find(change.Kv.Key) } : change;
}

namespace Etcdish.Store;

/// <summary>
/// The watchers of one client connection and the responses that wait for it. Requests may come from any thread; they are answered in the
/// order of the calls. One thread at a time takes.
/// </summary>
public sealed partial class WatchStream : IDisposable
{
    // etcd's texts; clients match on them.
    private const string EmptyRange = "mvcc: watcher range is empty";
    private const string DuplicateId = "mvcc: duplicate watch ID provided on the WatchStream";

    private readonly WatchHub _hub;
    private readonly Action _onReady;
    private readonly Lock _lock = new();
    private readonly Dictionary<long, Watcher> _watchers = [];
    private readonly List<Watcher> _progressWatchers = [];
    private readonly WatchQueue _queue = new();
    private readonly Queue<Watcher> _behind = [];
    private long _nextId;
    private int _unsynced;
    private bool _awake;
    private bool _progressQueued;
    private bool _disposed;

    internal WatchStream(WatchHub hub, Action onReady)
    {
        _hub = hub;
        _onReady = onReady;
    }

    /// <summary>
    /// Whether so much waits for the client that no further request of it should be read for now: answers are queued without limit.
    /// </summary>
    public bool IsCongested
    {
        get
        {
            lock (_lock)
                return _queue.Bytes > _hub.Options.StreamBufferBytes;
        }
    }

    /// <summary>Begins a watcher. The answer (created, perhaps canceled at once) is queued before any event of it.</summary>
    /// <param name="request">What to watch; its arrays are kept and must not be written to afterwards.</param>
    /// <param name="denied">Why the caller may not watch this: text of an <see cref="EtcdError"/>, or null when it may.</param>
    /// <returns>The watcher's ID, or -1 when it was refused.</returns>
    public long Create(WatchCreateRequest request, string? denied = null)
    {
        ArgumentNullException.ThrowIfNull(request);
        _hub.ThrowIfFailed();
        long id = WatchBatch.NoWatchId;
        bool wake = false;
        lock (_hub.Gate)
        {
            lock (_lock)
            {
                if (_disposed)
                    return id;

                string? refusal = Refusal(request, denied);
                if (refusal is null)
                    id = Begin(request);
                else
                    _queue.Add(WatchAnswer.Refused(_hub.History.CurrentRevision, refusal));
                wake = Wake();
            }
        }

        if (wake)
            _onReady();
        return id;
    }

    /// <summary>Ends a watcher; events of it that are queued already still come before the answer. An unknown ID has no answer.</summary>
    /// <param name="id">The watcher's ID.</param>
    public void Cancel(long id)
    {
        _hub.ThrowIfFailed();
        bool wake = false;
        lock (_hub.Gate)
        {
            lock (_lock)
            {
                if (!_watchers.Remove(id, out Watcher? watcher))
                    return;

                if (watcher.ProgressNotify)
                    _progressWatchers.Remove(watcher);
                End(watcher);
                _queue.Add(WatchAnswer.Canceled(id, _hub.History.CurrentRevision));
                wake = Wake();
            }
        }

        if (wake)
            _onReady();
    }

    /// <summary>
    /// Asks how far the whole stream has come. Answered with watch ID -1 if all its watchers are in sync, and not at all if not, so
    /// clients ask again.
    /// </summary>
    public void RequestProgress()
    {
        _hub.Dispatch();
        bool wake = false;
        lock (_hub.Gate)
        {
            long revision = _hub.DispatchedRevision();
            lock (_lock)
            {
                if (_disposed || _progressQueued || _unsynced > 0 || !AllMayTell(revision))
                    return;

                _progressQueued = true;
                _queue.Add(WatchAnswer.Progress(WatchBatch.NoWatchId, revision, watcher: null));
                wake = Wake();
            }
        }

        if (wake)
            _onReady();
    }

    /// <summary>
    /// The host's progress tick: tells each watcher that asked for progress notices how far it has come, if it is in sync and was sent no
    /// event since the tick before.
    /// </summary>
    public void NotifyProgress()
    {
        _hub.Dispatch();
        bool wake = false;
        lock (_hub.Gate)
        {
            long revision = _hub.DispatchedRevision();
            lock (_lock)
            {
                foreach (Watcher watcher in _progressWatchers)
                    wake |= NotifyProgress(watcher, revision);
                wake = wake && Wake();
            }
        }

        if (wake)
            _onReady();
    }

    /// <summary>Ends all watchers; nothing can be taken any more.</summary>
    public void Dispose()
    {
        lock (_hub.Gate)
        {
            lock (_lock)
            {
                if (_disposed)
                    return;

                _disposed = true;
                foreach (Watcher watcher in _watchers.Values)
                    End(watcher);
                _watchers.Clear();
                _progressWatchers.Clear();
                _behind.Clear();
                _hub.CountPendingEvents(-_queue.Clear());
                _hub.CountStreamClosed();
            }
        }
    }

    /// <summary>Wakes the taker; called by the hub with no lock held.</summary>
    internal void OnReady() => _onReady();

    /// <summary>Queues what the watcher has gathered of one revision. Called by the hub under the gate.</summary>
    /// <param name="watcher">A synced watcher of this stream.</param>
    /// <param name="revision">The revision.</param>
    /// <param name="wake">Whether the taker must be woken.</param>
    /// <returns>Whether the watcher is still synced; else it must leave the index.</returns>
    internal bool Offer(Watcher watcher, long revision, out bool wake)
    {
        lock (_lock)
        {
            wake = false;
            if (!_queue.TryAdd(watcher, revision, _hub.Options.StreamBufferBytes))
            {
                watcher.Next = revision;
                MarkBehind(watcher);
                return false;
            }

            _hub.CountPendingEvents(watcher.GatheredCount);
            watcher.Next = revision + 1;
            wake = Wake();
            return true;
        }
    }

    /// <summary>Lets a synced watcher read on from the history. Called by the hub under the gate; the watcher is out of the index.</summary>
    /// <param name="watcher">The watcher.</param>
    /// <param name="offered">The last revision that it was offered; it need not have wanted anything of it.</param>
    /// <returns>Whether the taker must be woken.</returns>
    internal bool FallBehind(Watcher watcher, long offered)
    {
        lock (_lock)
        {
            watcher.Next = Math.Max(watcher.Next, offered + 1);
            MarkBehind(watcher);
            return Wake();
        }
    }

    private static string? Refusal(WatchCreateRequest request, string? denied)
    {
        if (request.StartRevision < 0)
            return EtcdError.Compacted.Message;

        if (denied is not null)
            return denied;

        ReadOnlySpan<byte> key = request.Key.Length == 0 ? [0] : request.Key;
        bool bounded = request.RangeEnd.Length > 0 && request.RangeEnd is not [0];
        return bounded && key.SequenceCompareTo(request.RangeEnd) >= 0 ? EmptyRange : null;
    }

    private long Begin(WatchCreateRequest request)
    {
        if (request.WatchId != 0 && _watchers.ContainsKey(request.WatchId))
        {
            _queue.Add(WatchAnswer.Refused(_hub.History.CurrentRevision, DuplicateId));
            return WatchBatch.NoWatchId;
        }

        Watcher watcher = new(this, request.WatchId != 0 ? request.WatchId : NextFreeId(), request);
        _watchers.Add(watcher.Id, watcher);
        if (watcher.ProgressNotify)
            _progressWatchers.Add(watcher);
        _hub.CountWatchers(1);
        long now = Place(watcher, request.StartRevision);
        _queue.Add(WatchAnswer.Created(watcher.Id, now));
        return watcher.Id;
    }

    /// <summary>Sets the watcher's cursor, and whether it starts in sync or behind.</summary>
    /// <returns>The store's revision for the answer; clients resume a watcher without a start revision after it.</returns>
    private long Place(Watcher watcher, long startRevision)
    {
        if (startRevision == 0)
        {
            watcher.State = WatcherState.Synced;
            return watcher.ProgressFrom = _hub.AddToIndexFromNow(watcher);
        }

        long now = _hub.History.CurrentRevision;
        watcher.Next = watcher.ProgressFrom = startRevision;
        if (startRevision > now && _hub.TryAddToIndex(watcher))
            watcher.State = WatcherState.Synced;
        else
            MarkBehind(watcher);
        return now;
    }

    private long NextFreeId()
    {
        while (_watchers.ContainsKey(_nextId))
            _nextId++;
        return _nextId++;
    }

    private void MarkBehind(Watcher watcher)
    {
        watcher.State = WatcherState.Behind;
        _unsynced++;
        _hub.CountSlowWatchers(1);
        _behind.Enqueue(watcher);
    }

    /// <summary>Lets go of a watcher in whatever state it is. Under the gate and the lock.</summary>
    private void End(Watcher watcher)
    {
        if (watcher.State == WatcherState.Synced)
            _hub.RemoveFromIndex(watcher);
        else if (watcher.State == WatcherState.Behind)
            MarkNoLongerBehind();
        if (watcher.State != WatcherState.Compacted)
            _hub.CountWatchers(-1);
        watcher.State = WatcherState.Ended;
    }

    private void MarkNoLongerBehind()
    {
        _unsynced--;
        _hub.CountSlowWatchers(-1);
    }

    private bool AllMayTell(long revision)
    {
        bool any = false;
        foreach (Watcher watcher in _watchers.Values)
        {
            if (watcher.State == WatcherState.Compacted)
                continue;

            if (revision < watcher.ProgressFrom)
                return false;

            any = true;
        }

        return any;
    }

    private bool NotifyProgress(Watcher watcher, long revision)
    {
        if (watcher.SentSinceTick)
        {
            watcher.SentSinceTick = false;
            return false;
        }

        if (watcher.State != WatcherState.Synced || watcher.ProgressQueued || revision < watcher.ProgressFrom)
            return false;

        watcher.ProgressQueued = true;
        _queue.Add(WatchAnswer.Progress(watcher.Id, revision, watcher));
        return true;
    }

    /// <summary>Whether the taker sleeps and must be woken, which it is from now on.</summary>
    private bool Wake()
    {
        if (_awake)
            return false;

        _awake = true;
        return true;
    }
}

namespace Etcdish.Store;

/// <summary>
/// Tells watchers what has changed.
/// <para>
/// A watcher is a cursor over the store's history. One that has reached the head is <i>synced</i>: it stands in an index by key and range,
/// and each change is matched, encoded once and queued, as a reference, in the streams of those who want it. A queue is bounded in bytes.
/// What does not fit is not queued: the watcher leaves the index, is <i>behind</i>, and reads on from the history when its stream has been
/// drained, on the thread that drains it. So a stalled stream holds at most its queue and costs nobody else anything.
/// </para>
/// <para>
/// Threads. The node loop calls <see cref="Publish"/> after it has applied something, which appends to a list and no more, so 10,000
/// watchers of one key do not hold up the next write. Some other thread of the host calls <see cref="Dispatch"/> when Publish said so. Each
/// stream has one thread that takes, and any thread may make requests of it. No thread is started and no clock is read in here.
/// </para>
/// <para>
/// Locks, in this order: the gate (index, and what has been dispatched), a stream's lock (its queue and its watchers' states), the lock of
/// the list of what is published. History is read and values are read for catch-up outside of all of them.
/// </para>
/// <para>
/// Invariants. (1) Every revision up to <c>_dispatched</c> has been offered to each watcher in the index, none above it has. (2) A watcher
/// joins the index only with a cursor above <c>_dispatched</c>, and has been given everything below its cursor. (3) A stream's queue is in
/// order, so a progress response of revision <c>_dispatched</c>, queued while all the stream's watchers are synced, comes after all events
/// up to it. (4) Values of what is published stay readable until it is dispatched, for a <see cref="ReadScope"/> spans the time between.
/// </para>
/// </summary>
public sealed class WatchHub
{
    private readonly Lock _gate = new();
    private readonly WatcherIndex _index = new();
    private readonly List<List<Watcher>> _found = [];
    private readonly List<Watcher> _touched = [];
    private List<WatchStream>? _spareReady = [];

    private readonly Lock _publishLock = new();
    private List<KeyRevision> _published = [];
    private List<KeyRevision> _dispatching = [];
    private ReadScope _publishedScope;
    private long _lastPublished;
    private long _dispatched;
    private int _indexed;

    private volatile Exception? _failure;
    private long _streams;
    private long _watchers;
    private long _slowWatchers;
    private long _pendingEvents;
    private long _deliveredEvents;

    /// <summary>Makes a hub over a store that stands still during the call.</summary>
    /// <param name="history">The store's changes.</param>
    /// <param name="values">Where values are read from.</param>
    /// <param name="options">Limits.</param>
    public WatchHub(IRevisionHistory history, IValueSource values, WatchOptions options)
    {
        ArgumentNullException.ThrowIfNull(history);
        ArgumentNullException.ThrowIfNull(values);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        History = history;
        Values = values;
        Options = options;
        _lastPublished = _dispatched = history.CurrentRevision;
    }

    /// <summary>Gauges for metrics; safe on any thread.</summary>
    public WatchStatistics Statistics => new(
        Interlocked.Read(ref _streams),
        Interlocked.Read(ref _watchers),
        Interlocked.Read(ref _slowWatchers),
        Interlocked.Read(ref _pendingEvents),
        Interlocked.Read(ref _deliveredEvents));

    internal IRevisionHistory History { get; }

    internal IValueSource Values { get; }

    internal WatchOptions Options { get; }

    internal Lock Gate => _gate;

    /// <summary>
    /// Takes note of changes. Called by the node loop only, after they are applied (<see cref="IRevisionHistory.CurrentRevision"/> already
    /// covers them) and before anything else is applied; cheap.
    /// </summary>
    /// <param name="changes">The changes of one or more whole main revisions, in order, following on from the call before.</param>
    /// <returns>Whether <see cref="Dispatch"/> has work to do.</returns>
    /// <exception cref="InvalidOperationException">A revision is missing, comes twice, or the hub has failed before.</exception>
    public bool Publish(ReadOnlySpan<KeyRevision> changes)
    {
        ThrowIfFailed();
        if (changes.IsEmpty)
            return false;

        lock (_publishLock)
        {
            CheckContinuity(changes);
            _lastPublished = changes[^1].ModRevision;
            if (_indexed == 0 && _published.Count == 0)
            {
                _dispatched = _lastPublished;
                return false;
            }

            if (_published.Count == 0)
                _publishedScope = Values.EnterRead();
            _published.AddRange(changes);
            return true;
        }
    }

    /// <summary>Queues what was published in the streams that want it, and wakes them. Any thread; calls wait for each other.</summary>
    /// <exception cref="DamagedValueException">
    /// A value does not match its checksum; the hub has failed for good, and the node must stop.
    /// </exception>
    /// <exception cref="InvalidOperationException">The hub has failed before.</exception>
    public void Dispatch()
    {
        ThrowIfFailed();
        List<WatchStream> ready = Interlocked.Exchange(ref _spareReady, null) ?? [];
        lock (_gate)
        {
            ReadScope scope = TakePublished();
            try
            {
                DispatchAll(ready);
            }
            catch (Exception e)
            {
                Fail(e);
                throw;
            }
            finally
            {
                scope.Dispose();
                _dispatching.Clear();
            }
        }

        foreach (WatchStream stream in ready)
            stream.OnReady();
        ready.Clear();
        _spareReady = ready;
    }

    /// <summary>
    /// The store has another state, of a later entry (<see cref="RevisionStore.TakeOver"/>): every watcher reads on from where it stands, in
    /// the new history, and ends as compacted when that no longer reaches back so far. Called by the node loop only, right after that and
    /// before anything else is published.
    /// </summary>
    /// <exception cref="DamagedValueException">As <see cref="Dispatch"/>.</exception>
    public void OnStateReplaced()
    {
        Dispatch();
        List<Watcher> watchers = [];
        List<WatchStream> ready = [];
        lock (_gate)
        {
            _index.CopyTo(watchers);
            foreach (Watcher watcher in watchers)
            {
                RemoveFromIndex(watcher);
                if (watcher.Stream.FallBehind(watcher, _dispatched))
                    ready.Add(watcher.Stream);
            }

            lock (_publishLock)
                _lastPublished = _dispatched = History.CurrentRevision;
        }

        foreach (WatchStream stream in ready)
            stream.OnReady();
    }

    /// <summary>Opens a stream of watchers.</summary>
    /// <param name="onReady">
    /// Called when there is something to take and the stream was empty before: at most once until <see cref="WatchStream.TryTake"/> has
    /// returned false. On any thread and with no lock of the hub held; it must only wake the taker, and not throw.
    /// </param>
    public WatchStream OpenStream(Action onReady)
    {
        ArgumentNullException.ThrowIfNull(onReady);
        ThrowIfFailed();
        Interlocked.Increment(ref _streams);
        return new WatchStream(this, onReady);
    }

    /// <summary>Stops the hub for good: from now on every call throws, so that nothing doubtful is sent.</summary>
    internal void Fail(Exception reason) => _failure ??= reason;

    internal void ThrowIfFailed()
    {
        if (_failure is { } reason)
            throw new InvalidOperationException("The watch hub has failed.", reason);
    }

    /// <summary>The revision up to which all watchers in the index were served. Only under the gate.</summary>
    internal long DispatchedRevision()
    {
        lock (_publishLock)
            return _dispatched;
    }

    /// <summary>Puts a watcher into the index if nothing from its cursor on has been dispatched. Only under the gate.</summary>
    internal bool TryAddToIndex(Watcher watcher)
    {
        lock (_publishLock)
        {
            if (watcher.Next <= _dispatched)
                return false;

            _indexed++;
        }

        _index.Add(watcher);
        return true;
    }

    /// <summary>Puts a watcher that wants what comes after now into the index. Only under the gate.</summary>
    /// <returns>The revision that now is: the cursor's predecessor.</returns>
    internal long AddToIndexFromNow(Watcher watcher)
    {
        // First in the count, then the revision: what is applied after the revision was read is then published to someone.
        lock (_publishLock)
            _indexed++;
        _index.Add(watcher);
        long now = History.CurrentRevision;
        watcher.Next = now + 1;
        return now;
    }

    /// <summary>
    /// Keeps the dispatched revision where it is until <see cref="ReleaseDispatched"/>. Only under the gate, which is held throughout.
    /// </summary>
    internal void HoldDispatched()
    {
        // With nobody in the index, Publish would move it.
        lock (_publishLock)
            _indexed++;
    }

    internal void ReleaseDispatched()
    {
        lock (_publishLock)
            _indexed--;
    }

    /// <summary>Takes a watcher out of the index. Only under the gate.</summary>
    internal void RemoveFromIndex(Watcher watcher)
    {
        lock (_publishLock)
            _indexed--;
        _index.Remove(watcher);
    }

    internal void CountStreamClosed() => Interlocked.Decrement(ref _streams);

    internal void CountWatchers(int change) => Interlocked.Add(ref _watchers, change);

    internal void CountSlowWatchers(int change) => Interlocked.Add(ref _slowWatchers, change);

    internal void CountPendingEvents(int change) => Interlocked.Add(ref _pendingEvents, change);

    internal void CountDeliveredEvents(int change) => Interlocked.Add(ref _deliveredEvents, change);

    private void CheckContinuity(ReadOnlySpan<KeyRevision> changes)
    {
        if (changes[0].ModRevision == _lastPublished)
            throw new InvalidOperationException($"Revision {_lastPublished} was published in two parts.");

        long last = _lastPublished;
        foreach (KeyRevision change in changes)
        {
            if (change.ModRevision != last && change.ModRevision != last + 1)
                throw new InvalidOperationException($"Revision {change.ModRevision} was published after revision {last}.");

            last = change.ModRevision;
        }
    }

    private ReadScope TakePublished()
    {
        lock (_publishLock)
        {
            (_published, _dispatching) = (_dispatching, _published);
            _dispatched = _lastPublished;
            ReadScope scope = _publishedScope;
            _publishedScope = default;
            return scope;
        }
    }

    private void DispatchAll(List<WatchStream> ready)
    {
        for (int i = 0; i < _dispatching.Count;)
        {
            long revision = _dispatching[i].ModRevision;
            for (; i < _dispatching.Count && _dispatching[i].ModRevision == revision; i++)
                Match(_dispatching[i]);

            foreach (Watcher watcher in _touched)
                Offer(watcher, revision, ready);
            _touched.Clear();
        }
    }

    private void Match(KeyRevision change)
    {
        _found.Clear();
        _index.Find(change.Key, _found);
        EncodedEvent? encoded = null;
        foreach (List<Watcher> watchers in _found)
        {
            foreach (Watcher watcher in watchers)
            {
                if (change.ModRevision < watcher.Next || !watcher.Accepts(change))
                    continue;

                encoded ??= EncodedEvent.Encode(change, Values);
                if (watcher.PrevKv)
                    encoded.AddPrevious(Values);
                if (!watcher.HasGathered)
                    _touched.Add(watcher);
                watcher.Gather(encoded);
            }
        }
    }

    private void Offer(Watcher watcher, long revision, List<WatchStream> ready)
    {
        if (!watcher.Stream.Offer(watcher, revision, out bool wake))
            RemoveFromIndex(watcher);
        if (wake)
            ready.Add(watcher.Stream);
        watcher.ClearGathered();
    }
}

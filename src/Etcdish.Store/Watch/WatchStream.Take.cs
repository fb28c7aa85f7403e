namespace Etcdish.Store;

/// <summary>The taker's side of a stream: first what is queued, then, for watchers that are behind, what the history holds.</summary>
public sealed partial class WatchStream
{
    // A taker that has read a giant range of history does not keep its list.
    private const int KeptChanges = 8192;

    // After so many times of being overtaken by the dispatch, a watcher reads while the dispatch waits.
    private const int PatientReads = 3;

    private readonly FragmentCutter _fragments = new();
    private List<KeyRevision> _changes = [];

    /// <summary>
    /// Takes the next response. Reads values and history, so it can take a while; one thread at a time.
    /// </summary>
    /// <param name="batch">Receives the response; its events stay valid, the batch itself is used again by the next call.</param>
    /// <returns>False when there is nothing now (or the stream is closed); the hub then calls back when there is.</returns>
    /// <exception cref="DamagedValueException">
    /// A value does not match its checksum; the hub has failed for good, and the node must stop.
    /// </exception>
    /// <exception cref="InvalidOperationException">The hub has failed before.</exception>
    public bool TryTake(WatchBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        _hub.ThrowIfFailed();
        batch.Reset();
        while (true)
        {
            Watcher behind;
            lock (_lock)
            {
                if (!_disposed && _fragments.TryNext(batch))
                    return true;

                if (!_queue.IsEmpty)
                {
                    TakeQueued(batch);
                    return true;
                }

                if (!TryDequeueBehind(out behind))
                {
                    _awake = false;
                    return false;
                }
            }

            if (CatchUp(behind, batch))
                return true;
        }
    }

    private void TakeQueued(WatchBatch batch)
    {
        Watcher? watcher = _queue.Take(batch, out WatchAnswer? answer);
        if (watcher is not null)
        {
            _hub.CountPendingEvents(-batch.EventList.Count);
            _hub.CountDeliveredEvents(batch.EventList.Count);
            FinishEvents(watcher, batch);
            return;
        }

        answer!.CopyTo(batch);
        if (answer.Watcher is not null)
            answer.Watcher.ProgressQueued = false;
        else if (answer.IsProgress)
            _progressQueued = false;
    }

    /// <summary>The next watcher that reads from the history, in turn.</summary>
    private bool TryDequeueBehind(out Watcher watcher)
    {
        while (_behind.TryDequeue(out watcher!))
        {
            if (watcher.State == WatcherState.Behind)
                return true;
        }

        return false;
    }

    private void FinishEvents(Watcher watcher, WatchBatch batch)
    {
        watcher.SentSinceTick = true;
        batch.WatchId = watcher.Id;
        batch.WithPrevious = watcher.PrevKv;
        if (watcher.Fragment)
            _fragments.Cut(batch, _hub.Options.MaxResponseBytes);
    }

    /// <summary>Reads a stretch of history for a watcher, which this thread alone has in hand.</summary>
    /// <returns>Whether the batch has something.</returns>
    private bool CatchUp(Watcher watcher, WatchBatch batch)
    {
        if (watcher.MissedSyncs < PatientReads)
            return ReadOn(watcher, batch);

        lock (_hub.Gate)
        {
            _hub.HoldDispatched();
            try
            {
                return ReadOn(watcher, batch);
            }
            finally
            {
                _hub.ReleaseDispatched();
            }
        }
    }

    private bool ReadOn(Watcher watcher, WatchBatch batch)
    {
        long now;
        long next;
        try
        {
            using ReadScope scope = _hub.Values.EnterRead();
            now = _hub.History.CurrentRevision;
            next = TryReadHistory(watcher.Next) is { } end ? EncodeWanted(watcher, batch, end) : 0;
        }
        catch (Exception e)
        {
            _hub.Fail(e);
            throw;
        }
        finally
        {
            ForgetChanges();
        }

        if (next == 0)
            return EndCompacted(watcher, batch);

        // Clients may take the header for how far the store has come, so it must not fall behind what was sent.
        batch.Revision = Math.Max(now, next - 1);
        return next > now ? SettleAtHead(watcher, next, batch) : SettleBehind(watcher, next, batch);
    }

    /// <summary>Reads changes from a revision on.</summary>
    /// <returns>The revision to read from next time, or null when that revision is compacted.</returns>
    private long? TryReadHistory(long from)
    {
        try
        {
            return from < _hub.History.CompactedRevision
                ? null
                : _hub.History.ReadChanges(from, _hub.Options.CatchUpRevisions, _changes);
        }
        catch (EtcdException e) when (e.Error == EtcdError.Compacted)
        {
            return null;
        }
    }

    /// <summary>Encodes the changes that the watcher wants, until the response is large enough.</summary>
    /// <returns>The first revision that is not covered.</returns>
    private long EncodeWanted(Watcher watcher, WatchBatch batch, long end)
    {
        long bytes = 0;
        long revision = 0;
        long compacted = _hub.History.CompactedRevision;
        foreach (KeyRevision change in _changes)
        {
            if (change.ModRevision != revision)
            {
                revision = change.ModRevision;
                if (bytes >= _hub.Options.MaxResponseBytes)
                    return revision;
            }

            if (!watcher.Covers(change.Key) || !watcher.Accepts(change))
                continue;

            EncodedEvent encoded = EncodedEvent.Encode(change, _hub.Values);
            // The state before a change at the compacted revision is gone for readers, so it is for watchers, collected yet or not.
            if (watcher.PrevKv && change.ModRevision > compacted)
                encoded.AddPrevious(_hub.Values);
            batch.EventList.Add(encoded);
            bytes += encoded.MessageSize(watcher.PrevKv);
        }

        return end;
    }

    private void ForgetChanges()
    {
        if (_changes.Capacity > KeptChanges)
            _changes = [];
        _changes.Clear();
    }

    /// <summary>The watcher has read all there was: it is in sync unless more has been dispatched meanwhile.</summary>
    private bool SettleAtHead(Watcher watcher, long next, WatchBatch batch)
    {
        lock (_hub.Gate)
        {
            lock (_lock)
            {
                watcher.Next = next;
                watcher.MissedSyncs++;
                if (watcher.State == WatcherState.Behind && _hub.TryAddToIndex(watcher))
                {
                    watcher.MissedSyncs = 0;
                    watcher.State = WatcherState.Synced;
                    MarkNoLongerBehind();
                }

                return Settle(watcher, batch);
            }
        }
    }

    private bool SettleBehind(Watcher watcher, long next, WatchBatch batch)
    {
        lock (_lock)
        {
            watcher.Next = next;
            return Settle(watcher, batch);
        }
    }

    private bool Settle(Watcher watcher, WatchBatch batch)
    {
        if (watcher.State == WatcherState.Behind)
            _behind.Enqueue(watcher);

        // What was read for a watcher that was cancelled meanwhile must not follow the answer to the cancel.
        if (watcher.State == WatcherState.Ended || batch.EventList.Count == 0)
        {
            batch.Reset();
            return false;
        }

        _hub.CountDeliveredEvents(batch.EventList.Count);
        FinishEvents(watcher, batch);
        return true;
    }

    /// <summary>The watcher wants a revision that is compacted, which ends it.</summary>
    private bool EndCompacted(Watcher watcher, WatchBatch batch)
    {
        lock (_lock)
        {
            if (watcher.State == WatcherState.Ended)
                return false;

            MarkNoLongerBehind();
            watcher.State = WatcherState.Compacted;
            _hub.CountWatchers(-1);
            batch.WatchId = watcher.Id;
            batch.Canceled = true;
            batch.CompactRevision = _hub.History.CompactedRevision;
            return true;
        }
    }
}

namespace Etcdish.Store;

/// <summary>Answers ranges from any thread, with etcd's order, filter and limit rules.</summary>
internal sealed class RangeReader(StoreState state, IValueSource values, StoreOptions options)
{
    /// <summary>Reads the current revision as one that will stay readable until <see cref="RevisionPins.Remove"/>.</summary>
    public long PinCurrent()
    {
        state.Gate.EnterReadLock();
        try
        {
            var revision = state.CurrentRevision;
            state.Pins.Add(revision);
            return revision;
        }
        finally
        {
            state.Gate.ExitReadLock();
        }
    }

    /// <summary>The version of a key that exists at a revision, or null.</summary>
    public KeyRevision? Find(ReadOnlySpan<byte> key, long revision)
    {
        state.Gate.EnterReadLock();
        try
        {
            return state.Index.Find(key)?.VisibleAt(revision);
        }
        finally
        {
            state.Gate.ExitReadLock();
        }
    }

    /// <summary>The version of a key that exists now, or null.</summary>
    public KeyRevision? Find(ReadOnlySpan<byte> key)
    {
        state.Gate.EnterReadLock();
        try
        {
            return state.Index.Find(key)?.VisibleAt(state.CurrentRevision);
        }
        finally
        {
            state.Gate.ExitReadLock();
        }
    }

    /// <summary>The versions of a key from the compacted revision on, newest first, tombstones among them.</summary>
    public List<KeyRevision> History(ReadOnlySpan<byte> key)
    {
        var versions = new List<KeyRevision>();
        state.Gate.EnterReadLock();
        try
        {
            var hidden = false;
            for (var version = state.Index.Find(key); version is not null && !hidden; version = version.Previous)
            {
                if (version.ModRevision <= state.CurrentRevision)
                {
                    versions.Add(version);
                    hidden = version.ModRevision <= state.CompactedRevision;
                }
            }
        }
        finally
        {
            state.Gate.ExitReadLock();
        }

        return versions;
    }

    /// <summary>Answers <paramref name="request"/>.</summary>
    /// <param name="request">The range.</param>
    /// <param name="now">The revision that counts as the current one, or 0 for the store's. Its history must be pinned, unless 0.</param>
    /// <param name="result">An empty result to fill.</param>
    public void Read(RangeRequest request, long now, RangeResult result)
    {
        if (request.SortOrder is < SortOrder.None or > SortOrder.Descend || request.SortTarget is < SortTarget.Key or > SortTarget.Value)
        {
            throw new EtcdException(EtcdError.InvalidSortOption);
        }

        var isPlain = request.HasDefaultOrder && !request.HasRevisionFilters;
        Scan(request, now, FetchLimit(request, isPlain), result);
        if (!request.HasDefaultOrder || request.SortTarget != SortTarget.Key)
        {
            Sort(result.Revisions, request);
        }

        if (request.Limit > 0)
        {
            result.More = !request.CountOnly && (isPlain ? result.Count > request.Limit : result.Revisions.Count > request.Limit);
            if (result.Revisions.Count > request.Limit)
            {
                result.Revisions.RemoveRange((int)request.Limit, result.Revisions.Count - (int)request.Limit);
            }
        }

        result.KeysOnly = request.KeysOnly;
        result.OmitsLeases = request.KeysOnly && request.SortTarget != SortTarget.Value;
    }

    /// <summary>All versions of a range at a revision that the caller keeps readable.</summary>
    public void Collect(ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> rangeEnd, long revision, List<KeyRevision> found)
    {
        var scan = new RangeScan(new RangeRequest { Key = key, RangeEnd = rangeEnd }, revision, long.MaxValue, found);
        while (!Step(ref scan))
        {
        }
    }

    // Without a real sort and without filters the limit cuts what is read. A sort target without an order still sorts what was fetched, and
    // etcd fetches one more than the limit to know whether there is more: that one takes part in the sorting.
    private static long FetchLimit(RangeRequest request, bool isPlain) => request.Limit switch
    {
        <= 0 => long.MaxValue,
        _ when !isPlain => long.MaxValue,
        long.MaxValue => long.MaxValue,
        var limit => request.SortTarget == SortTarget.Key ? limit : limit + 1,
    };

    private void Scan(RangeRequest request, long now, long fetchLimit, RangeResult result)
    {
        long at;
        RangeScan scan;
        bool isComplete;
        state.Gate.EnterReadLock();
        try
        {
            now = now == 0 ? state.CurrentRevision : now;
            result.HeaderRevision = now;
            at = request.Revision <= 0 ? now : request.Revision;
            CheckReadable(at, now);
            scan = new RangeScan(request, at, fetchLimit, result.Revisions);
            isComplete = scan.Step(state.Index, options.KeysPerLockHold);
            if (!isComplete)
            {
                state.Pins.Add(at);
            }
        }
        finally
        {
            state.Gate.ExitReadLock();
        }

        if (!isComplete)
        {
            try
            {
                while (!Step(ref scan))
                {
                }
            }
            finally
            {
                state.Pins.Remove(at);
            }
        }

        result.Count = scan.Count;
    }

    private void CheckReadable(long revision, long now)
    {
        if (revision > now)
        {
            throw new EtcdException(EtcdError.FutureRev);
        }

        if (revision < state.CompactedRevision)
        {
            throw new EtcdException(EtcdError.Compacted);
        }
    }

    private bool Step(ref RangeScan scan)
    {
        state.Gate.EnterReadLock();
        try
        {
            if (scan.Revision < state.LostBelow)
            {
                throw new EtcdException(EtcdError.Compacted);
            }

            return scan.Step(state.Index, options.KeysPerLockHold);
        }
        finally
        {
            state.Gate.ExitReadLock();
        }
    }

    private void Sort(List<KeyRevision> revisions, RangeRequest request)
    {
        var isDescending = request.SortOrder == SortOrder.Descend;
        if (request.SortTarget == SortTarget.Key)
        {
            if (isDescending)
            {
                revisions.Reverse();
            }
        }
        else if (request.SortTarget == SortTarget.Value)
        {
            SortByValue(revisions, isDescending);
        }
        else
        {
            revisions.Sort(new NumberOrder(request.SortTarget, isDescending));
        }
    }

    private void SortByValue(List<KeyRevision> revisions, bool isDescending)
    {
        var pairs = new (byte[] Value, KeyRevision Revision)[revisions.Count];
        using (values.EnterRead())
        {
            for (var i = 0; i < pairs.Length; i++)
            {
                var reference = revisions[i].Value;
                pairs[i] = (new byte[reference.Length], revisions[i]);
                if (reference.Length > 0)
                {
                    values.Read(reference, pairs[i].Value);
                }
            }
        }

        Array.Sort(pairs, (a, b) =>
        {
            var order = a.Value.AsSpan().SequenceCompareTo(b.Value);
            return order == 0 ? a.Revision.Key.AsSpan().SequenceCompareTo(b.Revision.Key) : isDescending ? -order : order;
        });
        for (var i = 0; i < pairs.Length; i++)
        {
            revisions[i] = pairs[i].Revision;
        }
    }

    /// <summary>Ties stay in key order, up or down: etcd leaves them open, and mostly does so too.</summary>
    private sealed class NumberOrder(SortTarget target, bool isDescending) : IComparer<KeyRevision>
    {
        public int Compare(KeyRevision? x, KeyRevision? y)
        {
            var order = NumberOf(x!).CompareTo(NumberOf(y!));
            return order == 0 ? x!.Key.AsSpan().SequenceCompareTo(y!.Key) : isDescending ? -order : order;
        }

        private long NumberOf(KeyRevision revision) => target switch
        {
            SortTarget.Version => revision.Version,
            SortTarget.Create => revision.CreateRevision,
            _ => revision.ModRevision,
        };
    }
}

namespace Etcdish.Store;

/// <summary>
/// One range at one revision, counted and collected in steps of bounded work, so that the store's lock is let go in between. The revision
/// must be pinned from the first unfinished step to the last.
/// </summary>
internal struct RangeScan
{
    private readonly RangeRequest _request;
    private readonly KeyRange _range;
    private readonly long _revision;
    private readonly long _fetchLimit;
    private readonly List<KeyRevision> _found;
    private ReadOnlyMemory<byte> _from;
    private bool _skipFrom;
    private bool _counted;

    /// <param name="request">The range; its filters are applied while collecting.</param>
    /// <param name="revision">Revision to read at.</param>
    /// <param name="fetchLimit">Most versions to collect.</param>
    /// <param name="found">Receives the versions in key order.</param>
    public RangeScan(RangeRequest request, long revision, long fetchLimit, List<KeyRevision> found)
    {
        _request = request;
        _range = KeyRange.Of(request.Key, request.RangeEnd);
        _revision = revision;
        _fetchLimit = fetchLimit;
        _found = found;
        _from = request.Key;
    }

    /// <summary>Revision that is read at.</summary>
    public readonly long Revision => _revision;

    /// <summary>Keys of the range at the revision; final once counting is done, which it is before collecting begins.</summary>
    public long Count { get; private set; }

    /// <summary>Goes on, looking at about <paramref name="budget"/> keys. The caller holds the lock.</summary>
    /// <returns>Whether the scan is complete.</returns>
    public bool Step(KeyIndex index, int budget)
    {
        if (_range.IsSingle)
        {
            FindSingle(index);
            return true;
        }

        if (!_counted)
        {
            Count += index.CountVisible(_from.Span, _range, _revision, budget, out var resume);
            if (resume is not null)
            {
                _from = resume;
                return false;
            }

            _counted = true;
            _from = _request.Key;
            if (_request.CountOnly || Count == 0)
            {
                return true;
            }
        }

        return Collect(index, budget);
    }

    private void FindSingle(KeyIndex index)
    {
        if (index.Find(_request.Key.Span)?.VisibleAt(_revision) is not { } version)
        {
            return;
        }

        Count = 1;
        if (!_request.CountOnly && _request.PassesRevisionFilters(version))
        {
            _found.Add(version);
        }
    }

    private bool Collect(KeyIndex index, int budget)
    {
        var cursor = index.Seek(_from.Span, _skipFrom);
        var isFiltered = _request.HasRevisionFilters;
        var wanted = isFiltered ? long.MaxValue : Math.Min(Count, _fetchLimit);
        for (; cursor.MoveNext(out var newest); budget--)
        {
            if (!_range.EndsAfter(newest.Key))
            {
                return true;
            }

            if (newest.VisibleAt(_revision) is { } version && (!isFiltered || _request.PassesRevisionFilters(version)))
            {
                _found.Add(version);
                if (_found.Count >= wanted)
                {
                    return true;
                }
            }

            if (budget <= 0)
            {
                _from = newest.Key;
                _skipFrom = true;
                return false;
            }
        }

        return true;
    }
}

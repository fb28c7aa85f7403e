namespace Etcdish.Store;

/// <summary>Splits a large response into pieces, for watchers that asked for it. Used by the taking thread only.</summary>
internal sealed class FragmentCutter
{
    // The largest header there can be, so that a piece is never above the limit whatever the header turns out to be.
    private static readonly WatchHeader _largestHeader = new(ulong.MaxValue, ulong.MaxValue, ulong.MaxValue);

    private readonly List<EncodedEvent> _events = [];
    private int _next;
    private long _watchId;
    private long _revision;
    private bool _withPrevious;
    private int _limit;

    /// <summary>Leaves the first piece in the batch and keeps the others, if the response reaches the limit and can be split.</summary>
    public void Cut(WatchBatch batch, int limitBytes)
    {
        if (batch.EventList.Count < 2 || batch.Size(_largestHeader) < limitBytes)
            return;

        _events.AddRange(batch.EventList);
        _watchId = batch.WatchId;
        _revision = batch.Revision;
        _withPrevious = batch.WithPrevious;
        _limit = limitBytes;
        batch.Reset();
        TryNext(batch);
    }

    /// <summary>Fills the batch with the next piece, if one is left: as many events as stay below the limit, at least one.</summary>
    public bool TryNext(WatchBatch batch)
    {
        if (_next == _events.Count)
            return false;

        batch.WatchId = _watchId;
        batch.Revision = _revision;
        batch.WithPrevious = _withPrevious;
        batch.Fragment = true;
        int size = batch.Size(_largestHeader);
        do
        {
            size += EventSize(_events[_next]);
            batch.EventList.Add(_events[_next++]);
        }
        while (_next < _events.Count && size + EventSize(_events[_next]) < _limit);

        if (_next == _events.Count)
        {
            batch.Fragment = false;
            _events.Clear();
            _next = 0;
        }

        return true;
    }

    private int EventSize(EncodedEvent change) => ProtoFields.LengthDelimitedSize(change.MessageSize(_withPrevious));
}

namespace Etcdish.Store;

/// <summary>Where a watcher takes its events from.</summary>
internal enum WatcherState
{
    /// <summary>From the hub, as changes are dispatched: it is in the index.</summary>
    Synced,

    /// <summary>From the history, when its stream has been drained: it is a cursor and nothing else.</summary>
    Behind,

    /// <summary>Ended because its next revision is compacted; the ID stays taken until the client cancels it, as in etcd.</summary>
    Compacted,

    /// <summary>Cancelled, or its stream is closed.</summary>
    Ended,
}

/// <summary>One watcher of a stream. What is not read-only is guarded by its stream's lock unless another guard is named.</summary>
internal sealed class Watcher(WatchStream stream, long id, WatchCreateRequest request)
{
    private const int KeptEvents = 16;

    private readonly bool _noPut = request.NoPut;
    private readonly bool _noDelete = request.NoDelete;
    private EncodedEvent? _gathered;
    private List<EncodedEvent>? _gatheredMore;

    public WatchStream Stream { get; } = stream;

    public long Id { get; } = id;

    public byte[] Key { get; } = request.Key.Length == 0 ? [0] : request.Key;

    /// <summary>End of the range (exclusive), or null for none; without meaning when <see cref="IsSingleKey"/>.</summary>
    public byte[]? End { get; } = request.RangeEnd is [0] ? null : request.RangeEnd;

    public bool IsSingleKey { get; } = request.RangeEnd.Length == 0;

    public bool PrevKv { get; } = request.PrevKv;

    public bool Fragment { get; } = request.Fragment;

    public bool ProgressNotify { get; } = request.ProgressNotify;

    public WatcherState State { get; set; } = WatcherState.Behind;

    /// <summary>Nothing below this revision may be sent. While the watcher is behind, also the cursor.</summary>
    public long Next { get; set; }

    /// <summary>Progress below this revision may not be told.</summary>
    public long ProgressFrom { get; set; }

    /// <summary>How often in a row the watcher reached the head and found that more had been dispatched meanwhile.</summary>
    public int MissedSyncs { get; set; }

    /// <summary>Whether events went out since the last progress tick.</summary>
    public bool SentSinceTick { get; set; }

    /// <summary>Whether a progress response of this watcher waits in the queue.</summary>
    public bool ProgressQueued { get; set; }

    /// <summary>The index's list that holds this watcher; guarded by the hub's gate, as is <see cref="BucketSlot"/>.</summary>
    public List<Watcher>? Bucket { get; set; }

    public int BucketSlot { get; set; }

    public bool HasGathered => _gathered is not null;

    /// <summary>Whether the filters let the change through.</summary>
    public bool Accepts(KeyRevision change) => !(change.IsTombstone ? _noDelete : _noPut);

    /// <summary>Whether the key is watched.</summary>
    public bool Covers(ReadOnlySpan<byte> key)
    {
        int order = key.SequenceCompareTo(Key);
        return IsSingleKey ? order == 0 : order >= 0 && (End is null || key.SequenceCompareTo(End) < 0);
    }

    /// <summary>Collects an event of the revision that is being dispatched; guarded by the hub's gate.</summary>
    public void Gather(EncodedEvent change)
    {
        if (_gathered is null)
            _gathered = change;
        else
            (_gatheredMore ??= []).Add(change);
    }

    public int GatheredCount => (_gathered is null ? 0 : 1) + (_gatheredMore?.Count ?? 0);

    public EncodedEvent GatheredAt(int index) => index == 0 ? _gathered! : _gatheredMore![index - 1];

    public void ClearGathered()
    {
        _gathered = null;
        if (_gatheredMore is { Count: <= KeptEvents })
            _gatheredMore.Clear();
        else
            _gatheredMore = null;
    }
}

namespace Etcdish.Store;

/// <summary>
/// Finds the watchers of a key: single keys by hash, ranges by an interval tree, watchers of the same range together. Guarded by the hub's
/// gate.
/// </summary>
internal sealed class WatcherIndex
{
    private readonly Dictionary<byte[], List<Watcher>> _singleKeys = new(KeyComparer.Instance);
    private readonly RangeTree _ranges = new();

    public int Count { get; private set; }

    public void Add(Watcher watcher)
    {
        List<Watcher> bucket = watcher.IsSingleKey ? SingleKeyBucket(watcher.Key) : _ranges.GetOrAdd(watcher.Key, watcher.End);
        watcher.Bucket = bucket;
        watcher.BucketSlot = bucket.Count;
        bucket.Add(watcher);
        Count++;
    }

    public void Remove(Watcher watcher)
    {
        List<Watcher> bucket = watcher.Bucket ?? throw new InvalidOperationException("The watcher is not in the index.");
        Watcher last = bucket[^1];
        bucket[watcher.BucketSlot] = last;
        last.BucketSlot = watcher.BucketSlot;
        bucket.RemoveAt(bucket.Count - 1);
        watcher.Bucket = null;
        Count--;
        if (bucket.Count > 0)
            return;

        if (watcher.IsSingleKey)
            _singleKeys.Remove(watcher.Key);
        else
            _ranges.Remove(watcher.Key, watcher.End);
    }

    /// <summary>Appends the lists of all watchers of the key; no watcher is in two of them.</summary>
    public void Find(byte[] key, List<List<Watcher>> buckets)
    {
        if (_singleKeys.TryGetValue(key, out List<Watcher>? bucket))
            buckets.Add(bucket);
        _ranges.Find(key, buckets);
    }

    /// <summary>Appends all watchers.</summary>
    public void CopyTo(List<Watcher> watchers)
    {
        foreach (List<Watcher> bucket in _singleKeys.Values)
            watchers.AddRange(bucket);
        _ranges.CopyTo(watchers);
    }

    private List<Watcher> SingleKeyBucket(byte[] key)
    {
        if (!_singleKeys.TryGetValue(key, out List<Watcher>? bucket))
            _singleKeys.Add(key, bucket = []);
        return bucket;
    }
}

namespace Etcdish.Checkers;

/// <summary>A state with the changes of a write that is being executed on top.</summary>
internal sealed class TxnView(StoreView under) : StoreView
{
    private readonly SortedDictionary<string, KeyValue?> _changed = new(StringComparer.Ordinal);

    /// <summary>The changes in the order in which they were made.</summary>
    public List<WatchEvent> Events { get; } = [];

    /// <summary>Still the one before the write: it counts for readers once it is complete.</summary>
    public override long Revision => under.Revision;

    private long WriteRevision => under.Revision + 1;

    public void Put(string key, string value, long lease)
    {
        KeyValue? old = Find(key);
        var kv = new KeyValue(key, value, old?.CreateRevision ?? WriteRevision, WriteRevision, (old?.Version ?? 0) + 1, lease);
        _changed[key] = kv;
        Events.Add(WatchEvent.Put(kv));
    }

    public void Delete(string key)
    {
        _changed[key] = null;
        Events.Add(WatchEvent.Delete(key, WriteRevision));
    }

    public override KeyValue? Find(string key) => _changed.TryGetValue(key, out KeyValue? kv) ? kv : under.Find(key);

    public override void Collect(KeyRange range, List<KeyValue> result)
    {
        int start = result.Count;
        under.Collect(range, result);
        if (_changed.Count == 0)
            return;
        for (int i = result.Count - 1; i >= start; i--)
        {
            if (_changed.ContainsKey(result[i].Key))
                result.RemoveAt(i);
        }

        result.AddRange(_changed.Values.OfType<KeyValue>().Where(kv => range.Contains(kv.Key)));
        result.Sort(start, result.Count - start, KeyOrder.Instance);
    }

    public override void CollectLease(long lease, List<KeyValue> result)
    {
        if (_changed.Count == 0)
        {
            under.CollectLease(lease, result);
            return;
        }

        var all = new List<KeyValue>();
        Collect(KeyRange.Everything, all);
        result.AddRange(all.Where(kv => kv.Lease == lease));
    }

    public override StoreView At(long revision) => revision == under.Revision ? under : under.At(revision);

    private sealed class KeyOrder : IComparer<KeyValue>
    {
        public static readonly KeyOrder Instance = new();

        public int Compare(KeyValue? x, KeyValue? y) => string.CompareOrdinal(x!.Key, y!.Key);
    }
}

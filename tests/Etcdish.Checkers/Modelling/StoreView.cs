namespace Etcdish.Checkers;

/// <summary>The keys as they are at one revision.</summary>
internal abstract class StoreView
{
    public abstract long Revision { get; }

    public abstract KeyValue? Find(string key);

    /// <summary>Appends what lies in the range, in key order.</summary>
    public abstract void Collect(KeyRange range, List<KeyValue> result);

    /// <summary>Appends the keys attached to the lease, in key order.</summary>
    public abstract void CollectLease(long lease, List<KeyValue> result);

    /// <summary>The keys as they were at an earlier revision (or this one).</summary>
    public abstract StoreView At(long revision);
}

using System.Collections.Concurrent;

namespace Etcdish.Kubernetes;

/// <summary>
/// Remembers what was made of a key. It never grows beyond some thousands: then it begins anew, so that whoever fills it with what is never
/// asked for again costs time and no memory. For use by many threads.
/// </summary>
internal sealed class BoundedCache<TKey, TValue>
    where TKey : notnull
{
    private const int MaxCount = 4096;
    private readonly ConcurrentDictionary<TKey, TValue> _values = new();
    private int _count;

    /// <summary>What was made of the key, or is made now. Two threads may make it at once.</summary>
    public TValue GetOrAdd(TKey key, Func<TKey, TValue> make)
    {
        if (_values.TryGetValue(key, out var known))
        {
            return known;
        }

        var made = make(key);
        if (Interlocked.Increment(ref _count) > MaxCount)
        {
            _values.Clear();
            Volatile.Write(ref _count, 1);
        }

        _values.TryAdd(key, made);
        return made;
    }
}

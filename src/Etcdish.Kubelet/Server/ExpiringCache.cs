namespace Etcdish.Kubelet.Server;

/// <summary>
/// Remembers answers for a while. It never holds more than some thousands: then it begins anew, so that who asks for what is never asked
/// again costs time and no memory. Safe for use by many threads.
/// </summary>
internal sealed class ExpiringCache<TKey, TValue>(TimeProvider clock)
    where TKey : notnull
{
    private const int MaxCount = 4096;

    private readonly Lock _lock = new();
    private readonly Dictionary<TKey, (TValue Value, DateTimeOffset End)> _entries = [];

    /// <summary>An answer that is still good.</summary>
    public bool TryGet(TKey key, out TValue? value)
    {
        lock (_lock)
        {
            var isKnown = _entries.TryGetValue(key, out var entry) && entry.End > clock.GetUtcNow();
            value = entry.Value;
            return isKnown;
        }
    }

    /// <summary>Remembers an answer.</summary>
    public void Set(TKey key, TValue value, TimeSpan life)
    {
        lock (_lock)
        {
            if (_entries.Count >= MaxCount)
            {
                _entries.Clear();
            }

            _entries[key] = (value, clock.GetUtcNow() + life);
        }
    }
}

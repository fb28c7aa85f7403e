namespace Etcdish.Kubelet.Images;

/// <summary>
/// How long to wait behind failures of one thing: 10 s, doubling to 5 minutes; after twice that without a failure it begins anew. For use
/// by many threads.
/// </summary>
internal sealed class PullBackOff(TimeProvider clock)
{
    private static readonly TimeSpan _first = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan _longest = TimeSpan.FromMinutes(5);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    /// <summary>Until when to wait, and what failed last; null: no need to.</summary>
    public (DateTimeOffset Until, string Failure)? Find(string key)
    {
        lock (_lock)
        {
            return _entries.TryGetValue(key, out var entry) && entry.At + entry.Wait > clock.GetUtcNow()
                ? (entry.At + entry.Wait, entry.Failure)
                : null;
        }
    }

    /// <summary>Notes a failure.</summary>
    public void Add(string key, string failure)
    {
        var now = clock.GetUtcNow();
        lock (_lock)
        {
            foreach (var old in _entries.Where(entry => IsOver(entry.Value, now)).Select(entry => entry.Key).ToArray())
            {
                _entries.Remove(old);
            }

            var wait = _entries.TryGetValue(key, out var known) ? known.Wait * 2 : _first;
            _entries[key] = new Entry(now, wait < _longest ? wait : _longest, failure);
        }
    }

    /// <summary>Forgets the failures.</summary>
    public void Remove(string key)
    {
        lock (_lock)
        {
            _entries.Remove(key);
        }
    }

    private static bool IsOver(Entry entry, DateTimeOffset now) => now - entry.At > _longest * 2;

    private readonly record struct Entry(DateTimeOffset At, TimeSpan Wait, string Failure);
}

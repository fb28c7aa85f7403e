using System.Threading.Channels;

namespace Etcdish.Kubernetes.Control;

/// <summary>
/// Keys of what is to be looked at. A key that waits already is not added twice, and one that is being worked on waits until that is done, so
/// no two workers ever have the same. For use by many threads.
/// </summary>
/// <param name="clock">The clock of delays.</param>
/// <param name="firstDelay">The pause behind a first failure; it doubles with each further one. Null: 5 ms.</param>
/// <param name="longestDelay">The longest pause. Null: 1000 s.</param>
public sealed class WorkQueue<TKey>(TimeProvider clock, TimeSpan? firstDelay = null, TimeSpan? longestDelay = null) : IDisposable
    where TKey : notnull
{
    private readonly Lock _lock = new();
    private readonly Channel<TKey> _ready = Channel.CreateUnbounded<TKey>();
    private readonly HashSet<TKey> _waiting = [];
    private readonly HashSet<TKey> _working = [];
    private readonly Dictionary<TKey, (DateTimeOffset Due, ITimer Timer)> _delayed = [];
    private readonly Dictionary<TKey, int> _failures = [];
    private bool _closed;

    /// <summary>How many keys wait or are worked on; those that are delayed do not count.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _waiting.Count + _working.Count;
            }
        }
    }

    /// <summary>Adds a key, unless it waits already.</summary>
    public void Add(TKey key)
    {
        lock (_lock)
        {
            if (!_closed && _waiting.Add(key) && !_working.Contains(key))
            {
                _ready.Writer.TryWrite(key);
            }
        }
    }

    /// <summary>Adds a key after a while. Of several delays of a key the shortest counts.</summary>
    public void AddAfter(TKey key, TimeSpan delay)
    {
        if (delay <= TimeSpan.Zero)
        {
            Add(key);
            return;
        }

        lock (_lock)
        {
            var due = clock.GetUtcNow() + delay;
            if (_closed || (_delayed.TryGetValue(key, out var known) && known.Due <= due))
            {
                return;
            }

            known.Timer?.Dispose();
            _delayed[key] = (due, clock.CreateTimer(_ => Release(key, due), null, delay, Timeout.InfiniteTimeSpan));
        }
    }

    /// <summary>Adds a key that failed, after a pause that doubles with every failure.</summary>
    public void AddRateLimited(TKey key)
    {
        int failures;
        lock (_lock)
        {
            failures = _failures.GetValueOrDefault(key);
            _failures[key] = failures + 1;
        }

        var first = firstDelay ?? TimeSpan.FromMilliseconds(5);
        var longest = longestDelay ?? TimeSpan.FromSeconds(1000);
        AddAfter(key, failures > 30 || first * Math.Pow(2, failures) > longest ? longest : first * Math.Pow(2, failures));
    }

    /// <summary>How often a key has failed since it was forgotten.</summary>
    public int Failures(TKey key)
    {
        lock (_lock)
        {
            return _failures.GetValueOrDefault(key);
        }
    }

    /// <summary>Forgets the failures of a key.</summary>
    public void Forget(TKey key)
    {
        lock (_lock)
        {
            _failures.Remove(key);
        }
    }

    /// <summary>Takes a key; <see cref="Done"/> must follow.</summary>
    /// <exception cref="ChannelClosedException">The queue is closed.</exception>
    public async ValueTask<TKey> TakeAsync(CancellationToken cancellation)
    {
        var key = await _ready.Reader.ReadAsync(cancellation);
        lock (_lock)
        {
            _waiting.Remove(key);
            _working.Add(key);
        }

        return key;
    }

    /// <summary>Says that a key has been worked on. If it was added meanwhile, it is there again.</summary>
    public void Done(TKey key)
    {
        lock (_lock)
        {
            _working.Remove(key);
            if (_waiting.Contains(key))
            {
                _ready.Writer.TryWrite(key);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            _closed = true;
            foreach (var (_, timer) in _delayed.Values)
            {
                timer.Dispose();
            }

            _delayed.Clear();
            _ready.Writer.TryComplete();
        }
    }

    private void Release(TKey key, DateTimeOffset due)
    {
        lock (_lock)
        {
            if (!_delayed.TryGetValue(key, out var known) || known.Due != due)
            {
                return;
            }

            known.Timer.Dispose();
            _delayed.Remove(key);
        }

        Add(key);
    }
}

using System.Threading.Channels;

namespace Etcdish.Kubernetes.Control;

/// <summary>
/// Keys of what is to be looked at, in the order in which they came. A key that waits already is not added twice, and one that is being
/// worked on waits until that is done, so no two workers ever have the same. All delays share one timer. For use by many threads.
/// </summary>
public sealed class WorkQueue<TKey> : IDisposable
    where TKey : notnull
{
    private static readonly TimeSpan _leastWait = TimeSpan.FromMilliseconds(1);

    private readonly Lock _lock = new();
    private readonly Channel<TKey> _ready = Channel.CreateUnbounded<TKey>();
    private readonly HashSet<TKey> _waiting = [];
    private readonly HashSet<TKey> _working = [];
    private readonly Dictionary<TKey, int> _failures = [];
    private readonly TimeProvider _clock;
    private readonly TimeSpan _firstDelay;
    private readonly TimeSpan _longestDelay;

    // When a delayed key is due, and the same in order; entries that the first does not confirm are outdated.
    private readonly Dictionary<TKey, long> _delayed = [];
    private readonly PriorityQueue<TKey, long> _due = new();
    private readonly ITimer _timer;
    private long _wakesAt = long.MaxValue;
    private bool _closed;

    /// <summary>Makes one.</summary>
    /// <param name="clock">The clock of delays.</param>
    /// <param name="firstDelay">The pause behind a first failure; it doubles with each further one. Null: 5 ms.</param>
    /// <param name="longestDelay">The longest pause. Null: 1000 s.</param>
    public WorkQueue(TimeProvider clock, TimeSpan? firstDelay = null, TimeSpan? longestDelay = null)
    {
        _clock = clock;
        _firstDelay = firstDelay ?? TimeSpan.FromMilliseconds(5);
        _longestDelay = longestDelay ?? TimeSpan.FromSeconds(1000);
        _timer = clock.CreateTimer(
            static queue => ((WorkQueue<TKey>)queue!).Wake(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>How many keys wait or are worked on; those that are delayed do not count.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                var both = 0;
                foreach (var key in _working)
                {
                    both += _waiting.Contains(key) ? 1 : 0;
                }

                return _waiting.Count + _working.Count - both;
            }
        }
    }

    /// <summary>Adds a key, unless it waits already.</summary>
    public void Add(TKey key)
    {
        lock (_lock)
        {
            AddLocked(key);
        }
    }

    /// <summary>Adds a key after a while. Of several delays of a key the shortest counts.</summary>
    public void AddAfter(TKey key, TimeSpan delay)
    {
        lock (_lock)
        {
            if (delay <= TimeSpan.Zero)
            {
                AddLocked(key);
                return;
            }

            var now = _clock.GetTimestamp();
            var due = now + (long)(delay.TotalSeconds * _clock.TimestampFrequency);
            if (_closed || (_delayed.TryGetValue(key, out var known) && known <= due))
            {
                return;
            }

            _delayed[key] = due;
            _due.Enqueue(key, due);
            WakeAt(due, now);
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

        var factor = Math.Pow(2, Math.Min(failures, 40));
        AddAfter(key, _firstDelay * factor < _longestDelay ? _firstDelay * factor : _longestDelay);
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
    /// <exception cref="ChannelClosedException">The queue is closed, and nothing is left in it.</exception>
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

    /// <summary>Takes no more keys; those that are delayed are forgotten, those that wait can still be taken.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _closed = true;
            _delayed.Clear();
            _due.Clear();
            _ready.Writer.TryComplete();
        }

        _timer.Dispose();
    }

    private void AddLocked(TKey key)
    {
        if (!_closed && _waiting.Add(key) && !_working.Contains(key))
        {
            _ready.Writer.TryWrite(key);
        }
    }

    private void Wake()
    {
        lock (_lock)
        {
            if (_closed)
            {
                return;
            }

            var now = _clock.GetTimestamp();
            _wakesAt = long.MaxValue;
            while (_due.TryPeek(out var key, out var due))
            {
                var isOutdated = !_delayed.TryGetValue(key, out var known) || known != due;
                if (!isOutdated && due > now)
                {
                    WakeAt(due, now);
                    return;
                }

                _due.Dequeue();
                if (!isOutdated)
                {
                    _delayed.Remove(key);
                    AddLocked(key);
                }
            }
        }
    }

    private void WakeAt(long due, long now)
    {
        if (due >= _wakesAt)
        {
            return;
        }

        // Timers count whole milliseconds: one that is set to less fires at once, again and again.
        var wait = _clock.GetElapsedTime(now, due);
        _wakesAt = due;
        _timer.Change(wait < _leastWait ? _leastWait : wait, Timeout.InfiniteTimeSpan);
    }
}

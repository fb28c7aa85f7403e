using Etcdish.Kubernetes.Objects;

namespace Etcdish.Kubernetes.Informers;

/// <summary>
/// The objects of one resource, as far as is known, with their indexes, and those who want to hear of changes. Written by one thread, read
/// by many; who is told of a change finds it done.
/// </summary>
public class ObjectCache<T>
    where T : KubernetesObject
{
    // A change is made and told before the next one is; taken before the other lock.
    private readonly Lock _telling = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<ObjectKey, T> _objects = [];
    private readonly List<Index<T>> _indexes = [];
    private readonly List<Action<T?, T?>> _subscribers = [];

    /// <summary>How many there are.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _objects.Count;
            }
        }
    }

    /// <summary>All objects, as they are now: a copy of the list. With many objects, ask an index.</summary>
    public IReadOnlyList<T> All
    {
        get
        {
            lock (_lock)
            {
                return [.. _objects.Values];
            }
        }
    }

    /// <summary>An object, or null.</summary>
    public T? Find(string ns, string name) => Find(new ObjectKey(ns, name));

    /// <summary>An object, or null.</summary>
    public T? Find(ObjectKey key)
    {
        lock (_lock)
        {
            return _objects.GetValueOrDefault(key);
        }
    }

    /// <summary>Adds an index; at any time, but it costs a walk over all objects.</summary>
    /// <param name="keysOf">The keys under which an object is to be found.</param>
    public Index<T> AddIndex(Func<T, IEnumerable<string>> keysOf)
    {
        lock (_lock)
        {
            var index = new Index<T>(_lock, keysOf);
            foreach (var value in _objects.Values)
            {
                index.Replace(null, value);
            }

            _indexes.Add(index);
            return index;
        }
    }

    /// <summary>
    /// Hears of every change, in order, on the thread that reads the watch: it must be quick, and only note what is to be done. What is there
    /// already is told as new before this returns.
    /// </summary>
    /// <param name="onChange">What was there (null: new) and what is there now (null: gone).</param>
    public void Subscribe(Action<T?, T?> onChange)
    {
        lock (_telling)
        {
            foreach (var value in All)
            {
                onChange(null, value);
            }

            _subscribers.Add(onChange);
        }
    }

    /// <summary>Sets an object. One that is known in this revision is nothing new.</summary>
    internal void Set(T now)
    {
        lock (_telling)
        {
            T? before;
            lock (_lock)
            {
                before = _objects.GetValueOrDefault(now.Key);
                if (IsSame(before, now))
                {
                    return;
                }

                Put(before, now);
            }

            Tell(before, now);
        }
    }

    /// <summary>Puts these objects in the place of all that were known; then tells what differs.</summary>
    internal void Replace(IReadOnlyList<T> all)
    {
        lock (_telling)
        {
            foreach (var (before, now) in Exchange(all))
            {
                Tell(before, now);
            }
        }
    }

    /// <summary>Removes an object.</summary>
    /// <param name="key">Which.</param>
    /// <param name="last">How it was when it went, if that is known.</param>
    internal void Remove(ObjectKey key, T? last = null)
    {
        lock (_telling)
        {
            T? before;
            lock (_lock)
            {
                if (!_objects.Remove(key, out before))
                {
                    return;
                }

                foreach (var index in _indexes)
                {
                    index.Replace(before, null);
                }
            }

            Tell(last ?? before, null);
        }
    }

    /// <summary>Puts these objects in the place of all that were known; what differs.</summary>
    private List<(T? Before, T? Now)> Exchange(IReadOnlyList<T> all)
    {
        List<(T? Before, T? Now)> changes = new(all.Count);
        lock (_lock)
        {
            var gone = new Dictionary<ObjectKey, T>(_objects);
            _objects.EnsureCapacity(all.Count);
            foreach (var now in all)
            {
                var before = _objects.GetValueOrDefault(now.Key);
                gone.Remove(now.Key);
                if (!IsSame(before, now))
                {
                    Put(before, now);
                    changes.Add((before, now));
                }
            }

            foreach (var (key, before) in gone)
            {
                _objects.Remove(key);
                _indexes.ForEach(index => index.Replace(before, null));
                changes.Add((before, null));
            }
        }

        return changes;
    }

    private static bool IsSame(T? before, T now) =>
        before is not null && before.Metadata.ResourceVersion == now.Metadata.ResourceVersion && before.Metadata.Uid == now.Metadata.Uid
        && now.Metadata.ResourceVersion.Length > 0;

    private void Put(T? before, T now)
    {
        _objects[now.Key] = now;
        foreach (var index in _indexes)
        {
            index.Replace(before, now);
        }
    }

    private void Tell(T? before, T? now)
    {
        if (before is not null && now is not null && before.Metadata.Uid != now.Metadata.Uid)
        {
            // Its end was missed: it is another object, of the same name.
            Tell(before, null);
            before = null;
        }

        foreach (var subscriber in _subscribers)
        {
            subscriber(before, now);
        }
    }
}

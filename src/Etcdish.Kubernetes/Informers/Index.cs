using Etcdish.Kubernetes.Objects;

namespace Etcdish.Kubernetes.Informers;

/// <summary>Finds objects of an informer by something else than their names. May be asked by many threads.</summary>
public sealed class Index<T>
    where T : KubernetesObject
{
    private readonly Lock _lock;
    private readonly Func<T, IEnumerable<string>> _keysOf;
    private readonly Dictionary<string, Dictionary<ObjectKey, T>> _objects = [];

    internal Index(Lock shared, Func<T, IEnumerable<string>> keysOf)
    {
        _lock = shared;
        _keysOf = keysOf;
    }

    /// <summary>The objects under a key, as they are now.</summary>
    public IReadOnlyList<T> this[string key]
    {
        get
        {
            lock (_lock)
            {
                return _objects.TryGetValue(key, out var found) ? [.. found.Values] : [];
            }
        }
    }

    /// <summary>How many objects are under a key.</summary>
    public int Count(string key)
    {
        lock (_lock)
        {
            return _objects.TryGetValue(key, out var found) ? found.Count : 0;
        }
    }

    internal void Replace(T? before, T? now)
    {
        if (before is not null)
        {
            foreach (var key in _keysOf(before))
            {
                Remove(key, before.Key);
            }
        }

        if (now is not null)
        {
            foreach (var key in _keysOf(now))
            {
                Under(key)[now.Key] = now;
            }
        }
    }

    private Dictionary<ObjectKey, T> Under(string key)
    {
        if (!_objects.TryGetValue(key, out var found))
        {
            _objects[key] = found = [];
        }

        return found;
    }

    private void Remove(string key, ObjectKey name)
    {
        if (_objects.TryGetValue(key, out var found) && found.Remove(name) && found.Count == 0)
        {
            _objects.Remove(key);
        }
    }
}

using System.Diagnostics.CodeAnalysis;

namespace Etcdish.Kubernetes.Control;

/// <summary>A map that remembers so many entries, those that were used last. For one thread.</summary>
/// <param name="capacity">How many.</param>
internal sealed class RecentlyUsed<TKey, TValue>(int capacity)
    where TKey : notnull
{
    private readonly Dictionary<TKey, LinkedListNode<(TKey Key, TValue Value)>> _entries = [];
    private readonly LinkedList<(TKey Key, TValue Value)> _byUse = [];

    /// <summary>Finds an entry, and counts as a use of it.</summary>
    public bool TryGet(TKey key, [MaybeNullWhen(false)] out TValue value)
    {
        if (!_entries.TryGetValue(key, out var node))
        {
            value = default;
            return false;
        }

        _byUse.Remove(node);
        _byUse.AddFirst(node);
        value = node.Value.Value;
        return true;
    }

    /// <summary>Sets an entry; the one used longest ago goes if there are too many.</summary>
    public void Set(TKey key, TValue value)
    {
        if (_entries.Remove(key, out var known))
        {
            _byUse.Remove(known);
        }

        _entries[key] = _byUse.AddFirst((key, value));
        if (_entries.Count > capacity)
        {
            _entries.Remove(_byUse.Last!.Value.Key);
            _byUse.RemoveLast();
        }
    }
}

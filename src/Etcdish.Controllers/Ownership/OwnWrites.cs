using System.Collections.Concurrent;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Ownership;

/// <summary>
/// Lets a controller see its own writes: as long as the cache holds an object as it was before the controller wrote it, nothing must be
/// decided by it. The object's change is on its way, and is looked at then. For use by many threads.
/// </summary>
internal sealed class OwnWrites
{
    private readonly ConcurrentDictionary<string, string> _written = [];

    /// <summary>Notes what a server answered to a write.</summary>
    public void Note(KubernetesObject written) => _written[written.Metadata.Uid] = written.Metadata.ResourceVersion;

    /// <summary>Whether an object of a cache is at least as new as what was written of it last.</summary>
    public bool IsSeen(KubernetesObject cached)
    {
        if (!_written.TryGetValue(cached.Metadata.Uid, out var version))
        {
            return true;
        }

        if (IsOlder(cached.Metadata.ResourceVersion, version))
        {
            return false;
        }

        _written.TryRemove(KeyValuePair.Create(cached.Metadata.Uid, version));
        return true;
    }

    /// <summary>Forgets an object, since it is gone.</summary>
    public void Forget(string uid) => _written.TryRemove(uid, out _);

    /// <summary>Versions are decimal numbers without leading zeros, of up to 128 bits.</summary>
    private static bool IsOlder(string one, string other) =>
        one.Length != other.Length ? one.Length < other.Length : string.CompareOrdinal(one, other) < 0;
}

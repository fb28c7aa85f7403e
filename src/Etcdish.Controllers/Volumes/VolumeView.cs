using System.Collections.Concurrent;
using System.Globalization;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Volumes;

/// <summary>What a decision about a claim looks at.</summary>
internal interface IVolumeView
{
    /// <summary>A volume, or null.</summary>
    PersistentVolume? Find(string volume);

    /// <summary>Volumes that name a claim.</summary>
    IEnumerable<PersistentVolume> KeptFor(ObjectKey claim);

    /// <summary>Volumes of a class that may be free.</summary>
    IEnumerable<PersistentVolume> FreeOf(string storageClass);

    /// <summary>A class of storage, or null.</summary>
    StorageClass? FindClass(string name);

    /// <summary>The class that claims get which name none: of several the newest. Null: none.</summary>
    StorageClass? DefaultClass { get; }

    /// <summary>The names of pods that use a claim and wait for a node.</summary>
    IReadOnlyList<string> WaitingPods(ObjectKey claim);
}

/// <summary>
/// The objects of an informer, and those written here that it has not seen yet: a decision made on an object from before one's own last
/// write would be made twice. For use by many threads.
/// </summary>
internal sealed class FreshObjects<T>
    where T : KubernetesObject
{
    private readonly Informer<T> _informer;
    private readonly ConcurrentDictionary<ObjectKey, T> _written = [];

    public FreshObjects(Informer<T> informer)
    {
        _informer = informer;
        informer.Subscribe((before, now) =>
        {
            var key = (now ?? before)!.Key;
            if (now is null || (_written.TryGetValue(key, out var written) && RevisionOf(now) >= RevisionOf(written)))
            {
                _written.TryRemove(key, out _);
            }
        });
    }

    /// <summary>An object as it was last seen or written; null if there is none.</summary>
    public T? Find(ObjectKey key)
    {
        var seen = _informer.Find(key);
        return _written.TryGetValue(key, out var written) && (seen is null || RevisionOf(written) > RevisionOf(seen)) ? written : seen;
    }

    /// <summary>Notes what a write answered.</summary>
    public T Note(T written)
    {
        _written[written.Key] = written;
        return written;
    }

    /// <summary>Forgets what was written: the server says that it is gone.</summary>
    public void Forget(ObjectKey key) => _written.TryRemove(key, out _);

    private static long RevisionOf(T value) =>
        long.TryParse(value.Metadata.ResourceVersion, NumberStyles.None, CultureInfo.InvariantCulture, out var revision) ? revision : 0;
}

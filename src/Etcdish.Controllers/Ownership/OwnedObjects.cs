using System.Runtime.CompilerServices;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Ownership;

/// <summary>
/// The objects of a cache by the owner that manages them. All controllers of a process that look at the same cache share one index, however
/// many they are.
/// </summary>
internal sealed class OwnedObjects<T>
    where T : KubernetesObject
{
    private static readonly ConditionalWeakTable<ObjectCache<T>, OwnedObjects<T>> _shared = [];
    private readonly Index<T> _index;

    private OwnedObjects(ObjectCache<T> cache) => _index = cache.AddIndex(KeysOf);

    /// <summary>The index of a cache; it is made when it is first asked for.</summary>
    public static OwnedObjects<T> In(ObjectCache<T> cache) => _shared.GetValue(cache, made => new OwnedObjects<T>(made));

    /// <summary>What an owner manages.</summary>
    public IReadOnlyList<T> Of(string ownerUid) => _index[ownerUid];

    /// <summary>How many objects an owner manages.</summary>
    public int CountOf(string ownerUid) => _index.Count(ownerUid);

    /// <summary>What nobody manages in a namespace.</summary>
    public IReadOnlyList<T> OrphansIn(string ns) => _index["/" + ns];

    private static IEnumerable<string> KeysOf(T value) =>
        [value.Metadata.Controller is { } owner ? owner.Uid : "/" + value.Metadata.Namespace];
}

using Etcdish.Kubernetes.Objects;
using Etcdish.Scheduler.Cluster;
using Etcdish.Scheduler.Kinds;

namespace Etcdish.Scheduler.Volumes;

/// <summary>Claims, volumes and classes as they are known, with who uses which claim where.</summary>
internal sealed class VolumeTable
{
    private readonly Dictionary<ObjectKey, ClaimFacts> _claims = [];
    private readonly Dictionary<string, VolumeFacts> _volumes = [];
    private readonly Dictionary<string, StorageClassFacts> _classes = [];
    private readonly Dictionary<string, CsiNodeFacts> _csiNodes = [];
    private readonly Dictionary<ObjectKey, Dictionary<int, int>> _users = [];

    /// <summary>Volumes that were chosen here for claims, until the API says so, by volume.</summary>
    private readonly Dictionary<string, ObjectKey> _assumed = [];

    public ClaimFacts? Claim(string ns, string name) => _claims.GetValueOrDefault(new ObjectKey(ns, name));

    public VolumeFacts? Volume(string name) => _volumes.GetValueOrDefault(name);

    public StorageClassFacts? Class(string name) => _classes.GetValueOrDefault(name);

    public CsiNodeFacts? CsiNode(string name) => _csiNodes.GetValueOrDefault(name);

    /// <summary>The volumes that a claim may be given, the smallest first.</summary>
    public IEnumerable<VolumeFacts> Volumes => _volumes.Values
        .OrderBy(v => v.Spec.Capacity.GetValueOrDefault("storage")).ThenBy(v => v.Metadata.Name, StringComparer.Ordinal);

    public void Set(ObjectKey key, ClaimFacts? claim) => Set(_claims, key, claim);

    public void Set(string name, VolumeFacts? volume)
    {
        Set(_volumes, name, volume);
        if (volume?.Spec.ClaimRef is not null)
        {
            _assumed.Remove(name);
        }
    }

    public void Set(string name, StorageClassFacts? storageClass) => Set(_classes, name, storageClass);

    public void Set(string name, CsiNodeFacts? node) => Set(_csiNodes, name, node);

    /// <summary>Whether a volume is free for a claim.</summary>
    public bool IsFree(VolumeFacts volume, ObjectKey claim) =>
        !_assumed.TryGetValue(volume.Metadata.Name, out var taken) || taken == claim;

    /// <summary>Chooses a volume for a claim.</summary>
    public void Assume(string volume, ObjectKey claim) => _assumed[volume] = claim;

    /// <summary>Takes back the choice of a volume.</summary>
    public void Forget(string volume) => _assumed.Remove(volume);

    /// <summary>How many pods use a claim, wherever.</summary>
    public int Users(ObjectKey claim) => _users.TryGetValue(claim, out var found) ? found.Values.Sum() : 0;

    /// <summary>Whether a pod on a node uses a claim.</summary>
    public bool IsUsedOn(ObjectKey claim, NodeState node) => _users.TryGetValue(claim, out var found) && found.ContainsKey(node.Slot);

    /// <summary>A pod was placed (1) or removed (-1).</summary>
    public void Place(PodState pod, NodeState node, int sign)
    {
        foreach (var name in pod.Shape.Claims)
        {
            var key = new ObjectKey(pod.Shape.Namespace, name);
            if (!_users.TryGetValue(key, out var found))
            {
                _users[key] = found = [];
            }

            found[node.Slot] = found.GetValueOrDefault(node.Slot) + sign;
            if (found[node.Slot] == 0 && found.Remove(node.Slot) && found.Count == 0)
            {
                _users.Remove(key);
            }
        }
    }

    private static void Set<TKey, T>(Dictionary<TKey, T> there, TKey key, T? value)
        where TKey : notnull
        where T : class
    {
        if (value is null)
        {
            there.Remove(key);
        }
        else
        {
            there[key] = value;
        }
    }
}

using Etcdish.Kubernetes.Objects;
using Etcdish.Scheduler.Cluster;
using Etcdish.Scheduler.Cycle;
using Etcdish.Scheduler.Kinds;
using Etcdish.Scheduler.Pods;

namespace Etcdish.Scheduler.Volumes;

/// <summary>
/// Whether a pod's claims can be had on a node: those that are bound, where their volumes can be reached; those that wait for their first
/// user, where a volume is free or can be made.
/// </summary>
internal sealed class VolumeFilter
{
    private const string BindCompleted = "pv.kubernetes.io/bind-completed";
    private const string NoProvisioner = "kubernetes.io/no-provisioner";
    private const string WaitForFirstConsumer = "WaitForFirstConsumer";

    private static readonly Rejection _inUse = new(
        Plugin.VolumeRestrictions, false,
        "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod");

    private static readonly Rejection _tooMany = new(Plugin.NodeVolumeLimits, false, "node(s) exceed max volume count");
    private static readonly Rejection _lost =
        new(Plugin.VolumeBinding, true, "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)");

    private static readonly Rejection _elsewhere = new(Plugin.VolumeBinding, true, "node(s) didn't match PersistentVolume's node affinity");
    private static readonly Rejection _none = new(Plugin.VolumeBinding, true, "node(s) didn't find available persistent volumes to bind");
    private static readonly Rejection _otherZone = new(Plugin.VolumeZone, true, "node(s) had no available volume zone");
    private static readonly string[] _zoneLabels =
    [
        "topology.kubernetes.io/zone", "topology.kubernetes.io/region",
        "failure-domain.beta.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/region",
    ];

    private readonly VolumeTable _table;
    private readonly List<(ClaimFacts Claim, VolumeFacts? Volume)> _bound = [];
    private readonly List<ClaimFacts> _waiting = [];

    private VolumeFilter(VolumeTable table) => _table = table;

    /// <summary>What a pod's claims ask; null: it has none.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="shape">Its shape.</param>
    /// <param name="cluster">The cluster.</param>
    /// <param name="rejection">Why it cannot be anywhere for now, or null.</param>
    public static VolumeFilter? Of(Pod pod, PodShape shape, ClusterState cluster, out Rejection? rejection)
    {
        rejection = null;
        if (shape.Claims.Length == 0)
        {
            return null;
        }

        var filter = new VolumeFilter(cluster.Volumes);
        foreach (var volume in pod.Spec.Volumes)
        {
            var name = volume.PersistentVolumeClaim?.ClaimName ?? (volume.Ephemeral is null ? null : $"{pod.Metadata.Name}-{volume.Name}");
            if (name is not null && (rejection = filter.Add(pod, name, volume.Ephemeral is not null)) is not null)
            {
                return filter;
            }
        }

        return filter;
    }

    public Rejection? Check(NodeState node) =>
        CheckUse() ?? CheckLimits(node) ?? CheckBound(node) ?? CheckWaiting(node) ?? CheckZones(node);

    /// <summary>What is to be written for those claims that wait, if the pod goes to a node; null: nothing waits.</summary>
    public VolumeChoices? ChoicesOn(NodeState node)
    {
        if (_waiting.Count == 0)
        {
            return null;
        }

        var matched = new List<(ClaimFacts, VolumeFacts)>();
        var provisioned = new List<ClaimFacts>();
        foreach (var claim in _waiting)
        {
            if (Match(claim, node.Object, matched) is { } volume)
            {
                matched.Add((claim, volume));
            }
            else
            {
                provisioned.Add(claim);
            }
        }

        return new VolumeChoices(node.Name, matched, provisioned);
    }

    /// <summary>Whether a claim has its volume for good.</summary>
    public static bool IsBound(ClaimFacts claim) =>
        claim.Spec.VolumeName.Length > 0 && claim.Metadata.Annotations.ContainsKey(BindCompleted);

    private Rejection? Add(Pod pod, string name, bool isEphemeral)
    {
        if (_table.Claim(pod.Metadata.Namespace, name) is not { } claim)
        {
            return Against(isEphemeral
                ? $"waiting for ephemeral volume controller to create the persistentvolumeclaim \"{name}\""
                : $"persistentvolumeclaim \"{name}\" not found");
        }

        if (claim.Status.Phase == "Lost")
        {
            return Against($"persistentvolumeclaim \"{name}\" bound to non-existent persistentvolume \"{claim.Spec.VolumeName}\"");
        }

        if (claim.Metadata.IsBeingDeleted)
        {
            return Against($"persistentvolumeclaim \"{name}\" is being deleted");
        }

        if (isEphemeral && !claim.Metadata.IsControlledBy(pod.Metadata.Uid))
        {
            return Against($"PVC {claim.Key} was not created for pod {pod.Key} (pod is not owner)");
        }

        if (IsBound(claim))
        {
            _bound.Add((claim, _table.Volume(claim.Spec.VolumeName)));
        }
        else if (claim.Spec.VolumeName.Length == 0 && _table.Class(claim.Spec.StorageClassName)?.VolumeBindingMode == WaitForFirstConsumer)
        {
            _waiting.Add(claim);
        }
        else
        {
            return Against("pod has unbound immediate PersistentVolumeClaims");
        }

        return null;

        static Rejection Against(string why) => new(Plugin.VolumeBinding, true, why);
    }

    private Rejection? CheckUse()
    {
        foreach (var claim in _bound.Select(b => b.Claim).Concat(_waiting))
        {
            if (Array.IndexOf(claim.Spec.AccessModes, "ReadWriteOncePod") >= 0 && _table.Users(claim.Key) > 0)
            {
                return _inUse;
            }
        }

        return null;
    }

    private Rejection? CheckLimits(NodeState node)
    {
        foreach (var driver in _table.CsiNode(node.Name)?.Spec.Drivers ?? [])
        {
            if (driver.Allocatable?.Count is not { } limit)
            {
                continue;
            }

            var attached = node.Pods
                .SelectMany(p => p.Shape.Claims.Select(c => HandleOf(p.Shape.Namespace, c, driver.Name)))
                .OfType<string>()
                .ToHashSet();
            var before = attached.Count;
            attached.UnionWith(_bound.Where(b => b.Volume?.Spec.Csi?.Driver == driver.Name).Select(b => b.Volume!.Spec.Csi!.VolumeHandle));
            var made = _waiting.Count(c => _table.Class(c.Spec.StorageClassName)?.Provisioner == driver.Name);
            if (attached.Count - before + made > 0 && attached.Count + made > limit)
            {
                return _tooMany;
            }
        }

        return null;
    }

    /// <summary>What identifies the volume of a claim to a driver; null: it is none of its volumes.</summary>
    private string? HandleOf(string ns, string name, string driver)
    {
        if (_table.Claim(ns, name) is not { } claim)
        {
            return null;
        }

        return _table.Volume(claim.Spec.VolumeName) is { } volume
            ? volume.Spec.Csi is { } csi && csi.Driver == driver ? csi.VolumeHandle : null
            : _table.Class(claim.Spec.StorageClassName)?.Provisioner == driver ? $"{ns}/{name}" : null;
    }

    private Rejection? CheckBound(NodeState node)
    {
        foreach (var (_, volume) in _bound)
        {
            if (volume is null)
            {
                return _lost;
            }

            if (volume.Spec.NodeAffinity?.Required is { } required && !required.Matches(node.Object))
            {
                return _elsewhere;
            }
        }

        return null;
    }

    private Rejection? CheckWaiting(NodeState node)
    {
        if (_waiting.Count == 0)
        {
            return null;
        }

        var taken = new List<(ClaimFacts, VolumeFacts)>();
        foreach (var claim in _waiting)
        {
            if (Match(claim, node.Object, taken) is { } volume)
            {
                taken.Add((claim, volume));
            }
            else if (!CanProvision(claim, node.Object))
            {
                return _none;
            }
        }

        return null;
    }

    private Rejection? CheckZones(NodeState node)
    {
        foreach (var (_, volume) in _bound)
        {
            foreach (var label in _zoneLabels)
            {
                if (volume!.Metadata.Labels.TryGetValue(label, out var zones)
                    && Array.Exists(_zoneLabels, node.Object.Metadata.Labels.ContainsKey)
                    && !zones.Split("__").Contains(node.Object.Metadata.Labels.GetValueOrDefault(label)))
                {
                    return _otherZone;
                }
            }
        }

        return null;
    }

    private VolumeFacts? Match(ClaimFacts claim, Node node, List<(ClaimFacts Claim, VolumeFacts Volume)> taken)
    {
        VolumeFacts? found = null;
        foreach (var volume in _table.Volumes)
        {
            if (!taken.Exists(t => t.Volume == volume) && _table.IsFree(volume, claim.Key) && Suits(volume, claim)
                && volume.Spec.NodeAffinity?.Required?.Matches(node) != false)
            {
                if (volume.Spec.ClaimRef is not null)
                {
                    return volume;
                }

                found ??= volume;
            }
        }

        return found;
    }

    private bool CanProvision(ClaimFacts claim, Node node)
    {
        var storageClass = _table.Class(claim.Spec.StorageClassName);
        return storageClass is { Provisioner: not ("" or NoProvisioner) }
            && (storageClass.AllowedTopologies.Length == 0
                || Array.Exists(storageClass.AllowedTopologies, term => Array.TrueForAll(
                    term.MatchLabelExpressions,
                    e => node.Metadata.Labels.TryGetValue(e.Key, out var value) && Array.IndexOf(e.Values, value) >= 0)));
    }

    private static bool Suits(VolumeFacts volume, ClaimFacts claim)
    {
        var isMeant = volume.Spec.ClaimRef is { } reference
            && reference.Namespace == claim.Metadata.Namespace && reference.Name == claim.Metadata.Name
            && (reference.Uid.Length == 0 || reference.Uid == claim.Metadata.Uid);
        return (isMeant || (volume.Spec.ClaimRef is null && volume.Status.Phase is "" or "Available"))
            && !volume.Metadata.IsBeingDeleted
            && volume.Spec.StorageClassName == claim.Spec.StorageClassName
            && Mode(volume.Spec.VolumeMode) == Mode(claim.Spec.VolumeMode)
            && Array.TrueForAll(claim.Spec.AccessModes, volume.Spec.AccessModes.Contains)
            && volume.Spec.Capacity.GetValueOrDefault("storage") >= (claim.Spec.Resources.Requests?.GetValueOrDefault("storage") ?? default)
            && claim.Spec.Selector?.Matches(volume.Metadata.Labels) != false;

        static string Mode(string mode) => mode.Length == 0 ? "Filesystem" : mode;
    }
}

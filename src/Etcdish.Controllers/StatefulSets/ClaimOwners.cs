using System.Text.Json.Nodes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.StatefulSets;

/// <summary>
/// Who owns the claims of a stateful set, and so takes them along: nobody, the set (whenDeleted: Delete), or a pod that goes since fewer
/// are wanted (whenScaled: Delete).
/// </summary>
internal static class ClaimOwners
{
    /// <summary>The owners that a claim is to have, or null if they are right or none of ours.</summary>
    /// <param name="owners">Those it has.</param>
    /// <param name="set">The set.</param>
    /// <param name="pod">The claim's pod.</param>
    /// <param name="isWanted">Whether the pod's number is among those wanted.</param>
    public static List<OwnerReference>? Correct(OwnerReference[] owners, StatefulSet set, Pod pod, bool isWanted)
    {
        if (HasStale(owners, set, pod))
        {
            // Left by a set or pod that is gone: the garbage collector will judge.
            return null;
        }

        var others = owners.Where(o => !IsOf(o, Resources.StatefulSets, set) && !IsOf(o, Resources.Pods, pod)).ToList();
        var ours = owners.Where(o => !others.Contains(o)).ToList();
        var wanted = HasForeignController(owners, set, pod) ? null : Wanted(set, pod, isWanted);
        if (wanted is null ? ours.Count == 0 : ours is [{ Controller: true } only] && only.Uid == wanted.Uid)
        {
            return null;
        }

        return wanted is null ? others : [.. others, wanted];
    }

    /// <summary>Whether somebody else manages a claim, whom the set must not fight.</summary>
    public static bool HasForeignController(OwnerReference[] owners, StatefulSet set, Pod pod) =>
        set.Spec.PersistentVolumeClaimRetentionPolicy is { WhenDeleted: "Delete" } or { WhenScaled: "Delete" }
        && Array.Exists(owners, o => o.Controller && !IsOf(o, Resources.StatefulSets, set) && !IsOf(o, Resources.Pods, pod));

    /// <summary>Whether a claim goes with an earlier pod of this name, so that a new pod must not have it.</summary>
    public static bool GoesWithFormerPod(OwnerReference[] owners, string podName) =>
        Array.Exists(owners, o => o is { ApiVersion: "v1", Kind: "Pod" } && o.Name == podName);

    /// <summary>A reference as it is written.</summary>
    public static JsonNode ToJson(OwnerReference owner)
    {
        var json = new JsonObject
        {
            ["apiVersion"] = owner.ApiVersion,
            ["kind"] = owner.Kind,
            ["name"] = owner.Name,
            ["uid"] = owner.Uid,
        };
        if (owner.Controller)
        {
            json["controller"] = true;
        }

        if (owner.BlockOwnerDeletion)
        {
            json["blockOwnerDeletion"] = true;
        }

        return json;
    }

    private static OwnerReference? Wanted(StatefulSet set, Pod pod, bool isWanted)
    {
        var policy = set.Spec.PersistentVolumeClaimRetentionPolicy;
        if (policy.WhenScaled == "Delete" && !isWanted)
        {
            return Reference(Resources.Pods, pod);
        }

        return policy.WhenDeleted == "Delete" ? Reference(Resources.StatefulSets, set) : null;
    }

    private static bool HasStale(OwnerReference[] owners, StatefulSet set, Pod pod) => Array.Exists(
        owners,
        owner => (IsOf(owner, Resources.StatefulSets, set) && owner.Uid != set.Metadata.Uid)
            || (IsOf(owner, Resources.Pods, pod) && owner.Uid != pod.Metadata.Uid));

    private static bool IsOf(OwnerReference owner, ApiResource resource, KubernetesObject value) =>
        owner.ApiVersion == resource.ApiVersion && owner.Kind == resource.Kind && owner.Name == value.Metadata.Name;

    private static OwnerReference Reference(ApiResource resource, KubernetesObject owner) => new()
    {
        ApiVersion = resource.ApiVersion,
        Kind = resource.Kind,
        Name = owner.Metadata.Name,
        Uid = owner.Metadata.Uid,
        Controller = true,
        BlockOwnerDeletion = true,
    };
}

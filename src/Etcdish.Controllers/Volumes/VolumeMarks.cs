using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Volumes;

/// <summary>
/// Annotations and finalizers by which those who bind, make and delete volumes know what was done; and what is read from more than one
/// place.
/// </summary>
internal static class VolumeMarks
{
    /// <summary>Of a claim that has been bound once: what is missing now is lost.</summary>
    public const string BindCompleted = "pv.kubernetes.io/bind-completed";

    /// <summary>Of a claim or volume that was bound here and not by its author: it may be unbound.</summary>
    public const string BoundByController = "pv.kubernetes.io/bound-by-controller";

    /// <summary>Of a volume: who made it, and is to delete it.</summary>
    public const string ProvisionedBy = "pv.kubernetes.io/provisioned-by";

    /// <summary>Of a claim: who is to make a volume for it.</summary>
    public const string Provisioner = "volume.kubernetes.io/storage-provisioner";

    /// <summary>The same, as it was called before.</summary>
    public const string BetaProvisioner = "volume.beta.kubernetes.io/storage-provisioner";

    /// <summary>Of a claim: the node of the first pod that uses it.</summary>
    public const string SelectedNode = "volume.kubernetes.io/selected-node";

    /// <summary>Keeps a claim while pods use it.</summary>
    public const string ClaimProtection = "kubernetes.io/pvc-protection";

    /// <summary>Keeps a volume while it is bound.</summary>
    public const string VolumeProtection = "kubernetes.io/pv-protection";

    private const string BetaClass = "volume.beta.kubernetes.io/storage-class";

    /// <summary>The class of storage that a claim wants; empty: none; null: the default one.</summary>
    public static string? ClassOf(PersistentVolumeClaim claim) =>
        claim.Metadata.Annotations.TryGetValue(BetaClass, out var name) ? name : claim.Spec.StorageClassName;

    /// <summary>The class of storage of a volume; empty: none.</summary>
    public static string ClassOf(PersistentVolume volume) =>
        volume.Metadata.Annotations.TryGetValue(BetaClass, out var name) ? name : volume.Spec.StorageClassName;

    /// <summary>How large a volume is.</summary>
    public static Quantity SizeOf(PersistentVolume volume) => volume.Spec.Capacity.GetValueOrDefault("storage");

    /// <summary>How large a volume a claim wants.</summary>
    public static Quantity SizeOf(PersistentVolumeClaim claim) => claim.Spec.Resources.Requests?.GetValueOrDefault("storage") ?? default;

    /// <summary>The claim that a volume is kept for, if any.</summary>
    public static ObjectKey? ClaimOf(PersistentVolume volume) =>
        volume.Spec.ClaimRef is { } claim ? new ObjectKey(claim.Namespace, claim.Name) : null;

    /// <summary>Whether a volume is a claim's, or is kept for one of its name.</summary>
    public static bool IsFor(PersistentVolume volume, PersistentVolumeClaim claim) =>
        ClaimOf(volume) == claim.Key && (volume.Spec.ClaimRef!.Uid.Length == 0 || volume.Spec.ClaimRef.Uid == claim.Metadata.Uid);
}

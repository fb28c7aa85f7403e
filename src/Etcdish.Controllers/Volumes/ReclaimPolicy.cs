using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Volumes;

/// <summary>
/// What becomes of a volume whose claim is gone. A retained one stays as it is, until somebody looks at it; one that is to be deleted is
/// left to whoever made it.
/// </summary>
internal static class ReclaimPolicy
{
    /// <summary>Why nobody can do what the policy says: reason and message of an event; null if all is well.</summary>
    public static (string Reason, string Message)? ProblemOf(PersistentVolume volume) => volume.Spec.PersistentVolumeReclaimPolicy switch
    {
        "Retain" => null,
        "Delete" when volume.Spec.Csi is not null || IsDeletedByItsMaker(volume) => null,
        "Delete" => ("VolumeFailedDelete",
            $"error getting deleter volume plugin for volume \"{volume.Metadata.Name}\": no deletable volume plugin matched"),
        "Recycle" => ("VolumeFailedRecycle", "No recycler plugin found for the volume!"),
        _ => ("VolumeUnknownReclaimPolicy", "Volume has unrecognized PersistentVolumeReclaimPolicy"),
    };

    private static bool IsDeletedByItsMaker(PersistentVolume volume) =>
        volume.Metadata.Annotations.TryGetValue(VolumeMarks.ProvisionedBy, out var maker)
        && maker.Length > 0 && !maker.StartsWith("kubernetes.io/", StringComparison.Ordinal);
}

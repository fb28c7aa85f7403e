using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Volumes;

/// <summary>Which volume suits a claim.</summary>
internal static class VolumeMatching
{
    /// <summary>
    /// The volume kept for the claim if there is one, else the free one with the fewest access modes too many, and of those the smallest.
    /// Null if none suits.
    /// </summary>
    /// <param name="claim">The claim.</param>
    /// <param name="kept">Volumes that name the claim.</param>
    /// <param name="free">Volumes that may be free; none if the choice is not to be made here.</param>
    public static PersistentVolume? FindBest(
        PersistentVolumeClaim claim, IEnumerable<PersistentVolume> kept, IEnumerable<PersistentVolume> free)
    {
        var own = kept
            .Where(volume => VolumeMarks.IsFor(volume, claim) && CouldServe(volume, claim))
            .OrderBy(volume => volume.Metadata.Name, StringComparer.Ordinal)
            .FirstOrDefault();
        return own ?? free
            .Where(volume => IsFree(volume) && CouldServe(volume, claim) && HasWhatIsWanted(volume, claim))
            .OrderBy(volume => volume.Spec.AccessModes.Length)
            .ThenBy(VolumeMarks.SizeOf)
            .ThenBy(volume => volume.Metadata.Name, StringComparer.Ordinal)
            .FirstOrDefault();
    }

    /// <summary>Why a claim cannot have the volume that it names; null if it can.</summary>
    public static string? ProblemOf(PersistentVolume volume, PersistentVolumeClaim claim) =>
        VolumeMarks.SizeOf(volume) < VolumeMarks.SizeOf(claim) ? "requested PV is too small"
        : VolumeMarks.ClassOf(volume) != (VolumeMarks.ClassOf(claim) ?? "") ? "storageClassName does not match"
        : volume.Spec.VolumeMode != claim.Spec.VolumeMode ? "incompatible volumeMode"
        : !AllowsAll(volume, claim) ? "incompatible accessMode"
        : null;

    /// <summary>Whether a volume is nobody's and kept for nobody.</summary>
    public static bool IsFree(PersistentVolume volume) => volume.Spec.ClaimRef is null && volume.Status.Phase == "Available";

    private static bool CouldServe(PersistentVolume volume, PersistentVolumeClaim claim) =>
        !volume.Metadata.IsBeingDeleted
        && volume.Spec.VolumeMode == claim.Spec.VolumeMode
        && VolumeMarks.SizeOf(volume) >= VolumeMarks.SizeOf(claim)
        && AllowsAll(volume, claim);

    private static bool HasWhatIsWanted(PersistentVolume volume, PersistentVolumeClaim claim) =>
        VolumeMarks.ClassOf(volume) == (VolumeMarks.ClassOf(claim) ?? "")
        && volume.Spec.VolumeAttributesClassName == claim.Spec.VolumeAttributesClassName
        && (claim.Spec.Selector is not { } selector || selector.Matches(volume.Metadata.Labels));

    private static bool AllowsAll(PersistentVolume volume, PersistentVolumeClaim claim) =>
        Array.TrueForAll(claim.Spec.AccessModes, mode => volume.Spec.AccessModes.Contains(mode));
}

using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Volumes;

/// <summary>What is to be done about a claim.</summary>
internal abstract record ClaimAction
{
    /// <summary>It gets, or has, this volume: both are to say so.</summary>
    public sealed record Bind(PersistentVolume Volume) : ClaimAction;

    /// <summary>It waits, and its author is told for what; without a reason he knows.</summary>
    public sealed record Wait(string Reason = "", string Message = "", bool IsWarning = false) : ClaimAction;

    /// <summary>Its volume, and what was on it, is gone.</summary>
    public sealed record Lose(string Reason, string Message) : ClaimAction;

    /// <summary>It gets the default class.</summary>
    public sealed record AssignClass(string Name) : ClaimAction;

    /// <summary>Who makes volumes of the class is to make one for it.</summary>
    public sealed record Provision(StorageClass Class) : ClaimAction;
}

/// <summary>What is to be done about a volume.</summary>
internal enum VolumeAction
{
    /// <summary>It is to be Available.</summary>
    Offer,

    /// <summary>It is to be Bound.</summary>
    MarkBound,

    /// <summary>It names a claim that does not name it yet: the claim is to be looked at.</summary>
    LookAtClaim,

    /// <summary>It names a claim that can never have it.</summary>
    TellMismatch,

    /// <summary>Its claim is gone: it is Released, and its reclaim policy says what follows.</summary>
    Release,

    /// <summary>Its claim has another volume: it is to be free again, or kept for whom its author said.</summary>
    Unbind,
}

/// <summary>Which claims and volumes belong together: decided from what both say, and nothing else.</summary>
internal static class BindingDecisions
{
    public static ClaimAction ForClaim(PersistentVolumeClaim claim, IVolumeView view) =>
        claim.Metadata.Annotations.ContainsKey(VolumeMarks.BindCompleted) ? ForBound(claim, view)
        : claim.Spec.VolumeName.Length > 0 ? ForNamed(claim, view)
        : ForOpen(claim, view);

    /// <param name="volume">The volume.</param>
    /// <param name="claim">The claim that it names; null if there is none of that uid.</param>
    public static VolumeAction ForVolume(PersistentVolume volume, PersistentVolumeClaim? claim)
    {
        if (volume.Spec.ClaimRef is not { Uid.Length: > 0 })
        {
            return VolumeAction.Offer;
        }

        if (claim is null)
        {
            return VolumeAction.Release;
        }

        if (claim.Spec.VolumeName.Length == 0)
        {
            return claim.Spec.VolumeMode == volume.Spec.VolumeMode ? VolumeAction.LookAtClaim : VolumeAction.TellMismatch;
        }

        if (claim.Spec.VolumeName == volume.Metadata.Name)
        {
            return VolumeAction.MarkBound;
        }

        var isMade = volume.Metadata.Annotations.ContainsKey(VolumeMarks.ProvisionedBy);
        return isMade && volume.Spec.PersistentVolumeReclaimPolicy == "Delete" ? VolumeAction.Release : VolumeAction.Unbind;
    }

    private static ClaimAction ForBound(PersistentVolumeClaim claim, IVolumeView view)
    {
        if (claim.Spec.VolumeName.Length == 0)
        {
            return new ClaimAction.Lose("ClaimLost", "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!");
        }

        if (view.Find(claim.Spec.VolumeName) is not { } volume)
        {
            return new ClaimAction.Lose("ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!");
        }

        return volume.Spec.ClaimRef is null || volume.Spec.ClaimRef.Uid == claim.Metadata.Uid
            ? new ClaimAction.Bind(volume)
            : new ClaimAction.Lose("ClaimMisbound", "Two claims are bound to the same volume, this one is bound incorrectly");
    }

    private static ClaimAction ForNamed(PersistentVolumeClaim claim, IVolumeView view)
    {
        var name = claim.Spec.VolumeName;
        if (view.Find(name) is not { } volume)
        {
            return new ClaimAction.Wait();
        }

        if (volume.Spec.ClaimRef is null)
        {
            return VolumeMatching.ProblemOf(volume, claim) is { } problem
                ? new ClaimAction.Wait("VolumeMismatch", $"Cannot bind to requested volume \"{name}\": {problem}", IsWarning: true)
                : new ClaimAction.Bind(volume);
        }

        return VolumeMarks.IsFor(volume, claim)
            ? new ClaimAction.Bind(volume)
            : new ClaimAction.Wait("FailedBinding", $"volume \"{name}\" already bound to a different claim.", IsWarning: true);
    }

    private static ClaimAction ForOpen(PersistentVolumeClaim claim, IVolumeView view)
    {
        var name = VolumeMarks.ClassOf(claim);
        var storage = string.IsNullOrEmpty(name) ? null : view.FindClass(name);

        // Where a pod decides, the scheduler chooses among free volumes, and says so in the volume or asks for a new one.
        var isScheduled = storage?.VolumeBindingMode == "WaitForFirstConsumer";
        if (VolumeMatching.FindBest(claim, view.KeptFor(claim.Key), isScheduled ? [] : view.FreeOf(name ?? "")) is { } volume)
        {
            return new ClaimAction.Bind(volume);
        }

        if (isScheduled && !claim.Metadata.Annotations.ContainsKey(VolumeMarks.SelectedNode))
        {
            return WaitForConsumer(view.WaitingPods(claim.Key));
        }

        if (name is null && view.DefaultClass is { } chosen)
        {
            return new ClaimAction.AssignClass(chosen.Metadata.Name);
        }

        if (string.IsNullOrEmpty(name))
        {
            return new ClaimAction.Wait("FailedBinding", "no persistent volumes available for this claim and no storage class is set");
        }

        return storage is null
                ? new ClaimAction.Wait("ProvisioningFailed", $"storageclass.storage.k8s.io \"{name}\" not found", IsWarning: true)
            : storage.Provisioner.StartsWith("kubernetes.io/", StringComparison.Ordinal)
                ? new ClaimAction.Wait("ProvisioningFailed", $"no volume plugin matched name: {storage.Provisioner}", IsWarning: true)
            : new ClaimAction.Provision(storage);
    }

    private static ClaimAction.Wait WaitForConsumer(IReadOnlyList<string> pods) => pods.Count switch
    {
        0 => new("WaitForFirstConsumer", "waiting for first consumer to be created before binding"),
        1 => new("WaitForPodScheduled", $"waiting for pod {pods[0]} to be scheduled"),
        _ => new("WaitForPodScheduled", $"waiting for pods {string.Join(',', pods)} to be scheduled"),
    };
}

using System.Text.Json;
using Etcdish.Kubelet.Kinds;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Kubelet.Volumes;

/// <summary>Finds the persistent volume behind a pod's claim.</summary>
/// <param name="objects">Claims and volumes.</param>
internal sealed class ClaimResolver(IObjectSource objects)
{
    private const string ProvisionedBy = "pv.kubernetes.io/provisioned-by";
    private const string LocalPathProvisioner = "etcdish.io/local-path";

    /// <summary>The volume of a claim.</summary>
    /// <exception cref="VolumeException">The claim has none yet, or it is not this pod's; the message is Kubernetes' own.</exception>
    public async Task<ClaimedVolume> ResolveAsync(PodManifest pod, VolumeManifest volume, CancellationToken cancellation)
    {
        var name = volume.PersistentVolumeClaim?.ClaimName ?? $"{pod.Metadata.Name}-{volume.Name}";
        try
        {
            return await FindAsync(pod, volume, name, cancellation);
        }
        catch (FormatException e)
        {
            var problem = $"error processing PVC {pod.Metadata.Namespace}/{name}: {e.Message}";
            throw new VolumeException(
                "FailedMount",
                $"Unable to attach or mount volumes: unmounted volumes=[{volume.Name}], unattached volumes=[], "
                + $"failed to process volumes=[{volume.Name}]: {problem}",
                e);
        }
    }

    private async Task<ClaimedVolume> FindAsync(PodManifest pod, VolumeManifest volume, string name, CancellationToken cancellation)
    {
        var ns = pod.Metadata.Namespace;
        var claim = await ReadAsync(Resources.PersistentVolumeClaims.Path(ns, name), SourceKind.Claim, cancellation)
            ?? throw new FormatException($"failed to fetch PVC from API server: persistentvolumeclaims \"{name}\" not found");
        var wanted = claim.Deserialize(Resources.PersistentVolumeClaims.Form)!;
        if (volume.Ephemeral is not null && !wanted.Metadata.IsControlledBy(pod.Uid))
        {
            throw new FormatException($"PVC {ns}/{name} was not created for pod {ns}/{pod.Metadata.Name} (pod is not owner)");
        }

        var problem = wanted.Metadata.IsBeingDeleted ? "PVC is being deleted"
            : wanted.Status.Phase != "Bound" ? "PVC is not bound"
            : wanted.Spec.VolumeName.Length == 0 ? "PVC has empty pvc.Spec.VolumeName"
            : null;
        if (problem is not null)
        {
            throw new FormatException(problem);
        }

        var found = await ReadAsync(Resources.PersistentVolumes.Path("", wanted.Spec.VolumeName), SourceKind.Volume, cancellation)
            ?? throw new FormatException(
                $"failed to fetch PV {wanted.Spec.VolumeName} from API server: persistentvolumes \"{wanted.Spec.VolumeName}\" not found");
        return Check(pod, volume, found, wanted.Metadata.Uid);
    }

    private static ClaimedVolume Check(
        PodManifest pod, VolumeManifest volume, System.Text.Json.Nodes.JsonObject found, string claimUid)
    {
        var there = found.Deserialize(Resources.PersistentVolumes.Form)!;
        var name = there.Metadata.Name;
        if (there.Spec.ClaimRef is not { } owner)
        {
            throw new FormatException(
                $"found PV object {name} but it has a nil pv.Spec.ClaimRef indicating it is not yet bound to the claim");
        }

        if (owner.Uid != claimUid)
        {
            throw new FormatException(
                $"found PV object {name} but its pv.Spec.ClaimRef.UID {owner.Uid} does not point to claim.UID {claimUid}");
        }

        var use = there.Spec.VolumeMode == "Block" ? VolumeUse.Device : VolumeUse.Mount;
        if ((VolumeUses.Of(pod).GetValueOrDefault(volume.Name) & ~use) != 0)
        {
            throw new FormatException(
                $"volume {volume.Name} has volumeMode {there.Spec.VolumeMode}, "
                + $"but is specified in {(use == VolumeUse.Device ? "volumeMounts" : "volumeDevices")}");
        }

        return new ClaimedVolume(
            name,
            found["spec"]!.DeepClone().AsObject(),
            volume.PersistentVolumeClaim?.ReadOnly ?? false,
            there.Metadata.Annotations.GetValueOrDefault(ProvisionedBy) == LocalPathProvisioner && there.Spec.HostPath is not null);
    }

    private async Task<System.Text.Json.Nodes.JsonObject?> ReadAsync(string path, SourceKind kind, CancellationToken cancellation)
    {
        try
        {
            return await objects.FindAsync(path, cancellation);
        }
        catch (Exception e) when (e is Kubernetes.Client.ApiStatusException or HttpRequestException)
        {
            var what = kind == SourceKind.Claim ? "PVC" : $"PV {Path.GetFileName(path)}";
            throw new FormatException($"failed to fetch {what} from API server: {e.Message}", e);
        }
    }

    private enum SourceKind
    {
        Claim,
        Volume,
    }
}

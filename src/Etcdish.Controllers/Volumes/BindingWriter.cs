using System.Text.Json.Nodes;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Volumes;

/// <summary>Writes what was decided about claims and volumes: each write on what was seen, and only if it changes something.</summary>
internal sealed class BindingWriter(
    ControllerContext context, FreshObjects<PersistentVolumeClaim> claims, FreshObjects<PersistentVolume> volumes)
{
    private const string Yes = "yes";

    /// <summary>Has both say that they belong together, the volume first.</summary>
    /// <exception cref="ApiStatusException">Somebody was faster; what is half done is finished at the next look.</exception>
    public async Task BindAsync(PersistentVolume volume, PersistentVolumeClaim claim, CancellationToken cancellation)
    {
        volume = await NameClaimAsync(volume, claim, cancellation);
        volume = await SetPhaseAsync(volume, "Bound", "", cancellation);
        claim = await NameVolumeAsync(claim, volume, cancellation);
        await SetBoundAsync(claim, volume, cancellation);
    }

    /// <summary>Takes back what <see cref="BindAsync"/> did to a volume whose claim has another one.</summary>
    public async Task UnbindAsync(PersistentVolume volume, CancellationToken cancellation)
    {
        var isOurs = volume.Metadata.Annotations.ContainsKey(VolumeMarks.BoundByController);
        var metadata = new JsonObject();
        if (isOurs)
        {
            metadata["annotations"] = new JsonObject { [VolumeMarks.BoundByController] = null };
        }

        var spec = new JsonObject { ["claimRef"] = isOurs ? null : new JsonObject { ["uid"] = null, ["resourceVersion"] = null } };
        volume = await PatchAsync(volume, metadata, spec, cancellation);
        await SetPhaseAsync(volume, "Available", "", cancellation);
    }

    /// <summary>Sets the phase of a volume.</summary>
    public async Task<PersistentVolume> SetPhaseAsync(PersistentVolume volume, string phase, string message, CancellationToken cancellation)
    {
        if (volume.Status.Phase == phase)
        {
            return volume;
        }

        var status = new JsonObject
        {
            ["phase"] = phase,
            ["message"] = message.Length == 0 ? null : message,
            ["lastPhaseTransitionTime"] = TimeText.Format(context.Clock.GetUtcNow()),
        };
        return await NoteAsync(
            volumes, volume.Key, context.Client.PatchStatusAsync(Resources.PersistentVolumes, volume, status, cancellation));
    }

    /// <summary>Has a claim wait.</summary>
    public Task SetPendingAsync(PersistentVolumeClaim claim, CancellationToken cancellation) =>
        SetPhaseAsync(claim, "Pending", cancellation);

    /// <summary>Says of a claim that what it had is gone.</summary>
    public Task SetLostAsync(PersistentVolumeClaim claim, CancellationToken cancellation) => SetPhaseAsync(claim, "Lost", cancellation);

    /// <summary>Gives a claim that named no class one.</summary>
    public Task AssignClassAsync(PersistentVolumeClaim claim, string name, CancellationToken cancellation) =>
        PatchAsync(claim, [], new JsonObject { ["storageClassName"] = name }, cancellation);

    /// <summary>Marks a claim for whoever makes volumes of its class.</summary>
    public async Task<PersistentVolumeClaim> AskProvisionerAsync(
        PersistentVolumeClaim claim, string provisioner, CancellationToken cancellation)
    {
        if (claim.Metadata.Annotations.GetValueOrDefault(VolumeMarks.Provisioner) == provisioner
            && claim.Metadata.Annotations.GetValueOrDefault(VolumeMarks.BetaProvisioner) == provisioner)
        {
            return claim;
        }

        var annotations = new JsonObject { [VolumeMarks.Provisioner] = provisioner, [VolumeMarks.BetaProvisioner] = provisioner };
        return await PatchAsync(claim, new JsonObject { ["annotations"] = annotations }, null, cancellation);
    }

    private async Task<PersistentVolume> NameClaimAsync(
        PersistentVolume volume, PersistentVolumeClaim claim, CancellationToken cancellation)
    {
        if (VolumeMarks.ClaimOf(volume) == claim.Key && volume.Spec.ClaimRef!.Uid == claim.Metadata.Uid)
        {
            return volume;
        }

        var metadata = new JsonObject();
        if (!VolumeMarks.IsFor(volume, claim))
        {
            metadata["annotations"] = new JsonObject { [VolumeMarks.BoundByController] = Yes };
        }

        var reference = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "PersistentVolumeClaim",
            ["namespace"] = claim.Metadata.Namespace,
            ["name"] = claim.Metadata.Name,
            ["uid"] = claim.Metadata.Uid,
            ["resourceVersion"] = claim.Metadata.ResourceVersion,
        };
        return await PatchAsync(volume, metadata, new JsonObject { ["claimRef"] = reference }, cancellation);
    }

    private async Task<PersistentVolumeClaim> NameVolumeAsync(
        PersistentVolumeClaim claim, PersistentVolume volume, CancellationToken cancellation)
    {
        var isNamed = claim.Spec.VolumeName == volume.Metadata.Name;
        if (isNamed && claim.Metadata.Annotations.ContainsKey(VolumeMarks.BindCompleted))
        {
            return claim;
        }

        var annotations = new JsonObject { [VolumeMarks.BindCompleted] = Yes };
        if (!isNamed)
        {
            annotations[VolumeMarks.BoundByController] = Yes;
        }

        return await PatchAsync(
            claim,
            new JsonObject { ["annotations"] = annotations },
            isNamed ? null : new JsonObject { ["volumeName"] = volume.Metadata.Name },
            cancellation);
    }

    private async Task SetBoundAsync(PersistentVolumeClaim claim, PersistentVolume volume, CancellationToken cancellation)
    {
        var status = new JsonObject();
        if (!claim.Status.AccessModes.SequenceEqual(volume.Spec.AccessModes))
        {
            status["accessModes"] = new JsonArray([.. volume.Spec.AccessModes.Select(mode => (JsonNode)mode)]);
        }

        // A claim that is bound already may be about to grow: its size is then for whoever makes it grow.
        if (claim.Status.Phase != "Bound")
        {
            status["phase"] = "Bound";
            status["capacity"] = new JsonObject { ["storage"] = VolumeMarks.SizeOf(volume).ToString() };
        }

        if (status.Count > 0)
        {
            await NoteAsync(
                claims, claim.Key, context.Client.PatchStatusAsync(Resources.PersistentVolumeClaims, claim, status, cancellation));
        }
    }

    private async Task SetPhaseAsync(PersistentVolumeClaim claim, string phase, CancellationToken cancellation)
    {
        if (claim.Status.Phase != phase || claim.Status.AccessModes.Length > 0 || claim.Status.Capacity.Count > 0)
        {
            var status = new JsonObject { ["phase"] = phase, ["accessModes"] = null, ["capacity"] = null };
            await NoteAsync(
                claims, claim.Key, context.Client.PatchStatusAsync(Resources.PersistentVolumeClaims, claim, status, cancellation));
        }
    }

    private Task<PersistentVolume> PatchAsync(
        PersistentVolume volume, JsonObject metadata, JsonObject spec, CancellationToken cancellation) =>
        NoteAsync(volumes, volume.Key, context.Client.PatchAsync(
            Resources.PersistentVolumes, "", volume.Metadata.Name, Patch(volume, metadata, spec), PatchKind.Merge, "", cancellation));

    private Task<PersistentVolumeClaim> PatchAsync(
        PersistentVolumeClaim claim, JsonObject metadata, JsonObject? spec, CancellationToken cancellation) =>
        NoteAsync(claims, claim.Key, context.Client.PatchAsync(
            Resources.PersistentVolumeClaims,
            claim.Metadata.Namespace,
            claim.Metadata.Name,
            Patch(claim, metadata, spec),
            PatchKind.Merge,
            "",
            cancellation));

    private static JsonObject Patch(KubernetesObject seen, JsonObject metadata, JsonObject? spec)
    {
        metadata["resourceVersion"] = seen.Metadata.ResourceVersion;
        metadata["uid"] = seen.Metadata.Uid;
        var patch = new JsonObject { ["metadata"] = metadata };
        if (spec is not null)
        {
            patch["spec"] = spec;
        }

        return patch;
    }

    private static async Task<T> NoteAsync<T>(FreshObjects<T> objects, ObjectKey key, Task<T> write)
        where T : KubernetesObject
    {
        try
        {
            return objects.Note(await write);
        }
        catch (ApiStatusException e) when (e.IsNotFound)
        {
            objects.Forget(key);
            throw;
        }
    }
}

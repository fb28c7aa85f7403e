using System.Text.Json.Nodes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Volumes;

/// <summary>
/// Makes and deletes volumes that are folders of nodes, as any provisioner outside of a cluster's own controllers does: claims ask for it
/// by an annotation. A claim has one volume, whose name is its uid: to make it twice is not possible. Its queue holds claims and volumes:
/// a key without a namespace is a volume.
/// </summary>
internal sealed class LocalPathProvisioner : Controller
{
    private readonly LocalPath _folders;
    private readonly Informer<PersistentVolumeClaim> _claims;
    private readonly Informer<PersistentVolume> _volumes;
    private readonly Informer<StorageClass> _classes;
    private readonly Informer<Node> _nodes;

    public LocalPathProvisioner(ControllerContext context, LocalPath folders)
        : base(LocalPath.ProvisionerName, context)
    {
        _folders = folders;
        _claims = context.Informers.Of(Resources.PersistentVolumeClaims);
        _volumes = context.Informers.Of(Resources.PersistentVolumes);
        _classes = context.Informers.Of(Resources.StorageClasses);
        _nodes = context.Informers.Of(Resources.Nodes);
        _claims.Subscribe((_, now) =>
        {
            if (now is not null && IsAsked(now))
            {
                Queue.Add(now.Key);
            }
        });
        _volumes.Subscribe((_, now) =>
        {
            if (now is not null && MustGo(now))
            {
                Queue.Add(now.Key);
            }
        });
    }

    protected override Task ReconcileAsync(ObjectKey key, CancellationToken cancellation) => key.Namespace.Length == 0
        ? DeleteAsync(key, cancellation)
        : ProvisionAsync(key, cancellation);

    private static bool IsAsked(PersistentVolumeClaim claim) =>
        claim.Spec.VolumeName.Length == 0
        && !claim.Metadata.IsBeingDeleted
        && (claim.Metadata.Annotations.GetValueOrDefault(VolumeMarks.Provisioner)
            ?? claim.Metadata.Annotations.GetValueOrDefault(VolumeMarks.BetaProvisioner)) == LocalPath.ProvisionerName;

    private static bool MustGo(PersistentVolume volume) =>
        volume.Metadata.Annotations.GetValueOrDefault(VolumeMarks.ProvisionedBy) == LocalPath.ProvisionerName
        && (IsToBeEmptied(volume) || (volume.Metadata.IsBeingDeleted && IsHeldHereOnly(volume)));

    private static bool IsToBeEmptied(PersistentVolume volume) =>
        volume.Spec.PersistentVolumeReclaimPolicy == "Delete" && volume.Status.Phase is "Released" or "Failed";

    /// <summary>Whether a volume that somebody deleted is no claim's any more, and waits for its maker to let go.</summary>
    private static bool IsHeldHereOnly(PersistentVolume volume) =>
        volume.Status.Phase != "Bound" && volume.Metadata.Finalizers.Contains(LocalPath.Finalizer);

    private async Task ProvisionAsync(ObjectKey key, CancellationToken cancellation)
    {
        if (_claims.Find(key) is not { } claim || !IsAsked(claim)
            || _classes.Find("", VolumeMarks.ClassOf(claim) ?? "") is not { Provisioner: LocalPath.ProvisionerName } storage
            || _volumes.Find("", LocalPath.NameFor(claim)) is not null)
        {
            return;
        }

        var node = claim.Metadata.Annotations.GetValueOrDefault(VolumeMarks.SelectedNode);
        if (node is null && storage.VolumeBindingMode == "WaitForFirstConsumer")
        {
            return;
        }

        Context.Events.Normal(
            Resources.PersistentVolumeClaims,
            claim,
            "Provisioning",
            $"External provisioner is provisioning volume for claim \"{key}\"",
            Name);
        if (LocalPath.ProblemOf(claim) is { } problem)
        {
            Refuse(claim, storage, problem);
        }
        else if (node is null)
        {
            Refuse(claim, storage, "a folder needs a node: the class must have volumeBindingMode WaitForFirstConsumer");
        }
        else if (_nodes.Find("", node) is not { } there)
        {
            Refuse(claim, storage, $"node \"{node}\" not found");
            await AskAgainAsync(claim, cancellation);
        }
        else
        {
            await CreateAsync(claim, storage, there, cancellation);
        }
    }

    private async Task CreateAsync(PersistentVolumeClaim claim, StorageClass storage, Node node, CancellationToken cancellation)
    {
        try
        {
            var made = await Context.Client.CreateAsync(Resources.PersistentVolumes, "", _folders.Make(claim, storage, node), cancellation);
            Context.Events.Normal(
                Resources.PersistentVolumeClaims,
                claim,
                "ProvisioningSucceeded",
                $"Successfully provisioned volume {made.Metadata.Name}",
                Name);
        }
        catch (ApiStatusException e) when (e.IsAlreadyExists)
        {
            // It was made before, and the watch has not told of it yet.
        }
    }

    private void Refuse(PersistentVolumeClaim claim, StorageClass storage, string problem) => Context.Events.Warning(
        Resources.PersistentVolumeClaims,
        claim,
        "ProvisioningFailed",
        $"failed to provision volume with StorageClass \"{storage.Metadata.Name}\": {problem}",
        Name);

    /// <summary>Has the scheduler choose another node.</summary>
    private async Task AskAgainAsync(PersistentVolumeClaim claim, CancellationToken cancellation)
    {
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["resourceVersion"] = claim.Metadata.ResourceVersion,
                ["uid"] = claim.Metadata.Uid,
                ["annotations"] = new JsonObject { [VolumeMarks.SelectedNode] = null },
            },
        };
        await Context.Client.PatchAsync(
            Resources.PersistentVolumeClaims, claim.Metadata.Namespace, claim.Metadata.Name, patch, PatchKind.Merge, "", cancellation);
    }

    /// <summary>
    /// Deletes the folder, then the volume, then lets go of it. A volume that is retained, or that nobody ever released, loses its object
    /// only: data is deleted where somebody said so, and nowhere else.
    /// </summary>
    private async Task DeleteAsync(ObjectKey key, CancellationToken cancellation)
    {
        if (_volumes.Find(key) is not { } volume || !MustGo(volume))
        {
            return;
        }

        if (IsToBeEmptied(volume))
        {
            await EmptyAsync(volume, cancellation);
        }

        if (!volume.Metadata.IsBeingDeleted)
        {
            // What it says afterwards is that it is being deleted, which brings it here again.
            await Context.Client.DeleteAsync(
                Resources.PersistentVolumes, "", key.Name, new DeleteOptions { Uid = volume.Metadata.Uid }, cancellation);
        }
        else if (volume.Metadata.Finalizers.Contains(LocalPath.Finalizer))
        {
            await ProtectionFinalizer.RemoveAsync(Context.Client, Resources.PersistentVolumes, volume, LocalPath.Finalizer, cancellation);
        }
    }

    private async Task EmptyAsync(PersistentVolume volume, CancellationToken cancellation)
    {
        try
        {
            await _folders.DeleteAsync(volume, cancellation);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (volume.Status.Phase != "Failed")
            {
                Context.Events.Warning(Resources.PersistentVolumes, volume, "VolumeFailedDelete", e.Message, Name);
                var status = new JsonObject { ["phase"] = "Failed", ["message"] = e.Message };
                await Context.Client.PatchStatusAsync(Resources.PersistentVolumes, volume, status, cancellation);
            }

            throw new IOException(e.Message, e);
        }
    }
}

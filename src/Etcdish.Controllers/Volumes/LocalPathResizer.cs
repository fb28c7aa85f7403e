using System.Text.Json.Nodes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Volumes;

/// <summary>
/// Lets claims of folders grow. A folder has the room that its disk has: only what volume and claim say of it changes, the volume first.
/// </summary>
internal sealed class LocalPathResizer : Controller
{
    private readonly Informer<PersistentVolumeClaim> _claims;
    private readonly Informer<PersistentVolume> _volumes;

    public LocalPathResizer(ControllerContext context)
        : base("local-path-resizer", context)
    {
        _claims = context.Informers.Of(Resources.PersistentVolumeClaims);
        _volumes = context.Informers.Of(Resources.PersistentVolumes);
        _claims.Subscribe((_, now) =>
        {
            if (now is not null && IsTooSmall(now))
            {
                Queue.Add(now.Key);
            }
        });
    }

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellation)
    {
        if (_claims.Find(key) is not { } claim || !IsTooSmall(claim)
            || _volumes.Find("", claim.Spec.VolumeName) is not { } volume
            || volume.Spec.ClaimRef?.Uid != claim.Metadata.Uid
            || volume.Metadata.Annotations.GetValueOrDefault(VolumeMarks.ProvisionedBy) != LocalPath.ProvisionerName)
        {
            return;
        }

        var wanted = VolumeMarks.SizeOf(claim);
        if (VolumeMarks.SizeOf(volume) < wanted)
        {
            var patch = new JsonObject
            {
                ["metadata"] = new JsonObject { ["resourceVersion"] = volume.Metadata.ResourceVersion, ["uid"] = volume.Metadata.Uid },
                ["spec"] = new JsonObject { ["capacity"] = new JsonObject { ["storage"] = wanted.ToString() } },
            };
            await Context.Client.PatchAsync(
                Resources.PersistentVolumes, "", volume.Metadata.Name, patch, PatchKind.Merge, "", cancellation);
        }

        var status = new JsonObject { ["capacity"] = new JsonObject { ["storage"] = wanted.ToString() } };
        await Context.Client.PatchStatusAsync(Resources.PersistentVolumeClaims, claim, status, cancellation);
        Context.Events.Normal(Resources.PersistentVolumeClaims, claim, "VolumeResizeSuccessful", "Resize volume succeeded", Name);
    }

    private static bool IsTooSmall(PersistentVolumeClaim claim) =>
        claim.Status.Phase == "Bound" && claim.Status.Capacity.GetValueOrDefault("storage") < VolumeMarks.SizeOf(claim);
}

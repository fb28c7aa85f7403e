using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Volumes;

/// <summary>Keeps a volume that somebody deleted as long as it is bound.</summary>
internal sealed class VolumeProtectionController : Controller
{
    private readonly Informer<PersistentVolume> _volumes;

    public VolumeProtectionController(ControllerContext context)
        : base("pv-protection-controller", context)
    {
        _volumes = context.Informers.Of(Resources.PersistentVolumes);
        _volumes.Subscribe((_, now) =>
        {
            if (now is not null && NeedsLook(now))
            {
                Queue.Add(now.Key);
            }
        });
    }

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellation)
    {
        if (_volumes.Find(key) is not { } volume || !NeedsLook(volume))
        {
            return;
        }

        if (volume.Metadata.IsBeingDeleted)
        {
            await ProtectionFinalizer.RemoveAsync(
                Context.Client, Resources.PersistentVolumes, volume, VolumeMarks.VolumeProtection, cancellation);
        }
        else
        {
            await ProtectionFinalizer.AddAsync(
                Context.Client, Resources.PersistentVolumes, volume, VolumeMarks.VolumeProtection, cancellation);
        }
    }

    private static bool NeedsLook(PersistentVolume volume)
    {
        var isProtected = volume.Metadata.Finalizers.Contains(VolumeMarks.VolumeProtection);
        return volume.Metadata.IsBeingDeleted ? isProtected && volume.Status.Phase != "Bound" : !isProtected;
    }
}

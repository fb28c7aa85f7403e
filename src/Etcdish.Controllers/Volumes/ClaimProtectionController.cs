using System.Text.Json;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Volumes;

/// <summary>
/// Keeps a claim that somebody deleted until no pod on a node uses it. A pod without a node does not count: none starts that needs a
/// claim on its way out.
/// </summary>
internal sealed class ClaimProtectionController : Controller
{
    private readonly Informer<PersistentVolumeClaim> _claims;
    private readonly ClaimUsers _users;

    public ClaimProtectionController(ControllerContext context, ClaimUsers users)
        : base("pvc-protection-controller", context)
    {
        _users = users;
        _claims = context.Informers.Of(Resources.PersistentVolumeClaims);
        _claims.Subscribe((_, now) =>
        {
            if (now is not null && NeedsLook(now))
            {
                Queue.Add(now.Key);
            }
        });
        _users.Subscribe(claim =>
        {
            if (_claims.Find(claim) is { Metadata.IsBeingDeleted: true })
            {
                Queue.Add(claim);
            }
        });
    }

    /// <summary>Whether a pod keeps a claim from going.</summary>
    internal static bool Uses(Pod pod, PersistentVolumeClaim claim)
    {
        if (pod.Spec.NodeName.Length == 0 || pod.Metadata.Namespace != claim.Metadata.Namespace)
        {
            return false;
        }

        // Its node has let go of a pod that is only waiting for its finalizers.
        var isShutDown = pod.Metadata is { IsBeingDeleted: true, DeletionGracePeriodSeconds: 0 };
        return Array.Exists(pod.Spec.Volumes, volume => volume.PersistentVolumeClaim is { } named
            ? named.ClaimName == claim.Metadata.Name
            : !isShutDown && volume.Ephemeral is not null && ClaimUsers.ClaimNameOf(pod, volume) == claim.Metadata.Name
                && claim.Metadata.IsControlledBy(pod.Metadata.Uid));
    }

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellation)
    {
        if (_claims.Find(key) is not { } claim || !NeedsLook(claim))
        {
            return;
        }

        if (!claim.Metadata.IsBeingDeleted)
        {
            await ProtectionFinalizer.AddAsync(
                Context.Client, Resources.PersistentVolumeClaims, claim, VolumeMarks.ClaimProtection, cancellation);
        }
        else if (!_users.Of(key).Any(pod => Uses(pod, claim)) && !await IsUsedNowAsync(claim, cancellation))
        {
            await ProtectionFinalizer.RemoveAsync(
                Context.Client, Resources.PersistentVolumeClaims, claim, VolumeMarks.ClaimProtection, cancellation);
        }
    }

    private static bool NeedsLook(PersistentVolumeClaim claim) =>
        claim.Metadata.IsBeingDeleted == claim.Metadata.Finalizers.Contains(VolumeMarks.ClaimProtection);

    /// <summary>Asks the server: a pod that was bound to its node a moment ago may not be known here.</summary>
    private async Task<bool> IsUsedNowAsync(PersistentVolumeClaim claim, CancellationToken cancellation)
    {
        var path = Resources.Pods.Path(claim.Metadata.Namespace);
        var answer = await Context.Client.SendAsync(HttpMethod.Get, path, null, null, cancellation);
        using var list = JsonDocument.Parse(answer);
        foreach (var item in list.RootElement.GetProperty("items").EnumerateArray())
        {
            if (item.Deserialize(Resources.Pods.Form) is { } pod && Uses(pod, claim))
            {
                return true;
            }
        }

        return false;
    }
}

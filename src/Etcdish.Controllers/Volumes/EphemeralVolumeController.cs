using System.Text.Json.Nodes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Volumes;

/// <summary>
/// Makes the claims of volumes that live as long as their pod. A claim is named after pod and volume and owned by the pod, so that it goes
/// with it; a claim of that name which is somebody else's is left alone, and the pod cannot start.
/// </summary>
internal sealed class EphemeralVolumeController : Controller
{
    private readonly Informer<Pod> _pods;
    private readonly Informer<PersistentVolumeClaim> _claims;

    public EphemeralVolumeController(ControllerContext context, ClaimUsers users)
        : base("ephemeral_volume", context)
    {
        _pods = context.Informers.Of(Resources.Pods);
        _claims = context.Informers.Of(Resources.PersistentVolumeClaims);
        _pods.Subscribe((before, now) =>
        {
            if (before is null && now is not null)
            {
                Enqueue(now);
            }
        });
        _claims.Subscribe((before, now) =>
        {
            if (now is null)
            {
                foreach (var pod in users.Of(before!.Key))
                {
                    Enqueue(pod);
                }
            }
        });
    }

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellation)
    {
        if (_pods.Find(key) is not { } pod || pod.Metadata.IsBeingDeleted)
        {
            return;
        }

        foreach (var volume in pod.Spec.Volumes)
        {
            if (volume.Ephemeral is { } template)
            {
                await EnsureAsync(pod, volume, template, cancellation);
            }
        }
    }

    private async Task EnsureAsync(Pod pod, Volume volume, JsonObject template, CancellationToken cancellation)
    {
        var name = ClaimUsers.ClaimNameOf(pod, volume);
        var there = _claims.Find(pod.Metadata.Namespace, name);
        try
        {
            there ??= await Context.Client.CreateAsync(
                Resources.PersistentVolumeClaims, pod.Metadata.Namespace, Make(pod, name, template), cancellation);
        }
        catch (ApiStatusException e) when (e.IsAlreadyExists)
        {
            there = await Context.Client.GetAsync(Resources.PersistentVolumeClaims, pod.Metadata.Namespace, name, cancellation);
        }
        catch (ApiStatusException e) when (!e.IsNamespaceTerminating)
        {
            Tell(pod, volume, $"create PVC {name}: {e.Message}");
            throw;
        }
        catch (ApiStatusException e) when (e.IsNamespaceTerminating)
        {
            return;
        }

        if (!there.Metadata.IsControlledBy(pod.Metadata.Uid))
        {
            Tell(pod, volume, $"PVC {there.Key} was not created for pod {pod.Key} (pod is not owner)");
        }
    }

    private static JsonObject Make(Pod pod, string name, JsonObject ephemeral)
    {
        var metadata = new JsonObject
        {
            ["name"] = name,
            ["ownerReferences"] = new JsonArray(OwnerReference.ToController(Resources.Pods, pod)),
        };
        var template = ephemeral["volumeClaimTemplate"];
        foreach (var field in (string[])["labels", "annotations"])
        {
            if (template?["metadata"]?[field] is { } value)
            {
                metadata[field] = value.DeepClone();
            }
        }

        return new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "PersistentVolumeClaim",
            ["metadata"] = metadata,
            ["spec"] = template?["spec"]?.DeepClone() ?? new JsonObject(),
        };
    }

    private void Tell(Pod pod, Volume volume, string problem) =>
        Context.Events.Warning(Resources.Pods, pod, "FailedBinding", $"ephemeral volume {volume.Name}: {problem}", Name);

    private void Enqueue(Pod pod)
    {
        if (Array.Exists(pod.Spec.Volumes, volume => volume.Ephemeral is not null))
        {
            Queue.Add(pod.Key);
        }
    }
}

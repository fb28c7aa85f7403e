using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Volumes;

/// <summary>Which pods use a claim, by its name or because it was made for them.</summary>
internal sealed class ClaimUsers
{
    private readonly Informer<Pod> _pods;
    private readonly Index<Pod> _byClaim;

    public ClaimUsers(ControllerContext context)
    {
        _pods = context.Informers.Of(Resources.Pods);
        _byClaim = _pods.AddIndex(pod => ClaimsOf(pod).Select(claim => claim.ToString()).Distinct());
    }

    /// <summary>Hears of claims whose pods changed.</summary>
    public void Subscribe(Action<ObjectKey> onChange) => _pods.Subscribe((before, now) =>
    {
        if ((now ?? before)!.Spec.Volumes.Length > 0)
        {
            foreach (var claim in ClaimsOf((now ?? before)!))
            {
                onChange(claim);
            }
        }
    });

    /// <summary>The pods that use a claim.</summary>
    public IReadOnlyList<Pod> Of(ObjectKey claim) => _byClaim[claim.ToString()];

    /// <summary>The claims that a pod uses.</summary>
    public static IEnumerable<ObjectKey> ClaimsOf(Pod pod)
    {
        foreach (var volume in pod.Spec.Volumes)
        {
            if (volume.PersistentVolumeClaim is { } named)
            {
                yield return new ObjectKey(pod.Metadata.Namespace, named.ClaimName);
            }
            else if (volume.Ephemeral is not null)
            {
                yield return new ObjectKey(pod.Metadata.Namespace, ClaimNameOf(pod, volume));
            }
        }
    }

    /// <summary>The name of the claim that is made for an ephemeral volume.</summary>
    public static string ClaimNameOf(Pod pod, Volume volume) => $"{pod.Metadata.Name}-{volume.Name}";
}

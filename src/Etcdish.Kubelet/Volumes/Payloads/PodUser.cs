using Etcdish.Kubelet.Kinds;

namespace Etcdish.Kubelet.Volumes;

/// <summary>The user that all containers of a pod run as.</summary>
internal static class PodUser
{
    /// <summary>The user; null: a container does not say, or two differ.</summary>
    public static long? Of(PodManifest pod)
    {
        long? user = null;
        foreach (var container in VolumeUses.ContainersOf(pod))
        {
            var own = container.SecurityContext.RunAsUser ?? pod.Spec.SecurityContext.RunAsUser;
            if (own is null || (user is not null && own != user))
            {
                return null;
            }

            user = own;
        }

        return user;
    }
}

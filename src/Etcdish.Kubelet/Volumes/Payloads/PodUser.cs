using Etcdish.Kubelet.Kinds;

namespace Etcdish.Kubelet.Volumes;

/// <summary>The user that all containers of a pod run as.</summary>
internal static class PodUser
{
    /// <summary>The user; null: a container does not say, or two differ.</summary>
    public static long? Of(PodManifest pod)
    {
        long? user = null;
        foreach (var container in (ContainerManifest[])[.. pod.Spec.InitContainers, .. pod.Spec.Containers, .. pod.Spec.EphemeralContainers])
        {
            if ((container.SecurityContext.RunAsUser ?? pod.Spec.SecurityContext.RunAsUser) is not { } own || (user is not null && own != user))
            {
                return null;
            }

            user = own;
        }

        return user;
    }
}

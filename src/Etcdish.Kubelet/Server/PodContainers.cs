using Etcdish.Kubelet.Kinds;

namespace Etcdish.Kubelet.Server;

/// <summary>Containers of pods.</summary>
internal static class PodContainers
{
    /// <summary>All containers of a pod: regular, init and ephemeral ones.</summary>
    public static IEnumerable<ContainerManifest> AllContainers(this PodManifest pod) =>
        pod.Spec.Containers.Concat(pod.Spec.InitContainers).Concat(pod.Spec.EphemeralContainers);
}

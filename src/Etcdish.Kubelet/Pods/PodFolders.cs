using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Runtime;

namespace Etcdish.Kubelet.Pods;

/// <summary>Where a kubelet keeps what belongs to pods. The layout is Kubernetes' own, for scripts and log collectors that know it.</summary>
/// <param name="Root">The kubelet's folder.</param>
/// <param name="LogRoot">The folder of pods' logs, <c>/var/log/pods</c> in a usual cluster.</param>
/// <param name="LogLinks">The folder of links to the logs of containers, <c>/var/log/containers</c>.</param>
internal sealed record PodFolders(string Root, string LogRoot, string LogLinks)
{
    /// <summary>The folder of all pods' folders.</summary>
    public string Pods => Path.Combine(Root, "pods");

    /// <summary>All of a pod.</summary>
    public string Pod(string uid) => Path.Combine(Pods, uid);

    /// <summary>A volume of a pod, as volumes are usually named: <c>volumes/kubernetes.io~empty-dir/cache</c>.</summary>
    public string Volume(string uid, string plugin, string name) => Path.Combine(Pod(uid), "volumes", "kubernetes.io~" + plugin, name);

    /// <summary>What belongs to one container of a pod, such as its termination message.</summary>
    public string Container(string uid, string name) => Path.Combine(Pod(uid), "containers", name);

    /// <summary>The pod's hosts file.</summary>
    public string Hosts(string uid) => Path.Combine(Pod(uid), "etc-hosts");

    /// <summary>The pod's logs.</summary>
    public string Logs(PodIdentity pod) => Path.Combine(LogRoot, $"{pod.Namespace}_{pod.Name}_{pod.Uid}");

    /// <summary>A container's log.</summary>
    public string Log(PodIdentity pod, string container, int attempt) => Path.Combine(Logs(pod), container, $"{attempt}.log");
}

/// <summary>Names of a pod.</summary>
internal static class PodManifestExtensions
{
    /// <summary>Whose sandbox it is.</summary>
    public static PodIdentity Identity(this PodManifest pod) => new(pod.Metadata.Namespace, pod.Metadata.Name, pod.Metadata.Uid);

    /// <summary>Where a container stands in its pod, for events: <c>spec.containers{web}</c>.</summary>
    public static string FieldPath(this PodManifest pod, ContainerManifest container)
    {
        var list = pod.Spec.InitContainers.Contains(container) ? "initContainers"
            : pod.Spec.EphemeralContainers.Contains(container) ? "ephemeralContainers"
            : "containers";
        return $"spec.{list}{{{container.Name}}}";
    }

    /// <summary>A container, init container or ephemeral one; null: the pod has none of that name.</summary>
    public static ContainerManifest? FindContainer(this PodManifest pod, string name) =>
        Array.Find(pod.Spec.Containers, container => container.Name == name)
        ?? Array.Find(pod.Spec.InitContainers, container => container.Name == name)
        ?? Array.Find(pod.Spec.EphemeralContainers, container => container.Name == name);

    /// <summary>Name, namespace and uid in one, as messages of back-off have them.</summary>
    public static string Describe(this PodManifest pod) => $"{pod.Metadata.Name}_{pod.Metadata.Namespace}({pod.Metadata.Uid})";

    /// <summary>How long its containers have to end.</summary>
    public static TimeSpan Grace(this PodManifest pod) => TimeSpan.FromSeconds(
        Math.Max(0, pod.Metadata.DeletionGracePeriodSeconds ?? pod.Spec.TerminationGracePeriodSeconds ?? 30));
}

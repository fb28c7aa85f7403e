namespace Etcdish.Kubelet.Cri;

/// <summary>Labels by which a runtime's things say whose they are.</summary>
internal static class CriLabels
{
    public const string PodName = "io.kubernetes.pod.name";

    public const string PodNamespace = "io.kubernetes.pod.namespace";

    public const string PodUid = "io.kubernetes.pod.uid";

    public const string ContainerName = "io.kubernetes.container.name";
}

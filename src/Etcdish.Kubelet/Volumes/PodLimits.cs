using Etcdish.Kubelet.Kinds;

namespace Etcdish.Kubelet.Volumes;

/// <summary>What a pod's containers may use together.</summary>
internal static class PodLimits
{
    /// <summary>The memory that a pod may use, in bytes; 0: it has no limit.</summary>
    public static long MemoryOf(PodManifest pod)
    {
        if (LimitOf(pod.Spec.Resources?.Limits) is > 0 and var ofPod)
        {
            return ofPod;
        }

        var sidecars = pod.Spec.InitContainers.Where(container => container.IsSidecar);
        long[] together = [.. pod.Spec.Containers.Concat(sidecars).Select(container => LimitOf(container.Resources.Limits))];
        if (together.Length == 0 || together.Contains(0))
        {
            return 0;
        }

        return Math.Max(together.Sum(), pod.Spec.InitContainers.Select(container => LimitOf(container.Resources.Limits)).DefaultIfEmpty(0).Max());
    }

    private static long LimitOf(Dictionary<string, Kubernetes.Quantity>? limits) => limits?.GetValueOrDefault("memory").Value ?? 0;
}

using System.Text;
using Etcdish.Kubelet.Cgroups;
using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Nodes;
using Etcdish.Kubernetes;

namespace Etcdish.Kubelet.Eviction;

/// <summary>Who is evicted first, why, and what is said of it: functions of pods and of what they use.</summary>
internal static class EvictionRanking
{
    /// <summary>
    /// Pods in the order of eviction: those that use more than they asked for, then by priority, lowest first, then by how much more they
    /// use. One of which nothing is known comes first.
    /// </summary>
    public static IReadOnlyList<PodManifest> Rank(
        IEnumerable<PodManifest> pods, IReadOnlyDictionary<string, PodUsage> usages, string resource)
    {
        var isCounted = resource is "memory" or "ephemeral-storage";
        return [.. pods
            .OrderBy(pod => isCounted && usages.ContainsKey(pod.Uid))
            .ThenBy(pod => isCounted && Excess(pod, usages, resource) <= 0)
            .ThenBy(pod => pod.Spec.Priority)
            .ThenByDescending(pod => isCounted ? Excess(pod, usages, resource) : 0)];
    }

    /// <summary>Whether a pod may be evicted: not one that the node's own folder says, and none that the cluster cannot do without.</summary>
    public static bool MayEvict(PodManifest pod) => pod.Spec.Priority < GracefulShutdown.CriticalPriority
        && !pod.Metadata.Annotations.ContainsKey("kubernetes.io/config.mirror")
        && pod.Metadata.Annotations.GetValueOrDefault("kubernetes.io/config.source", "api") == "api";

    /// <summary>What the owner of a pod is told that had to go because something was short.</summary>
    public static string Message(PodManifest pod, PodUsage? usage, EvictionThreshold threshold, Observation observed)
    {
        var text = new StringBuilder()
            .Append($"The node was low on resource: {threshold.Resource}. ")
            .Append($"Threshold quantity: {threshold.Of(observed.Capacity)}, ")
            .Append($"available: {new Quantity(observed.Available, threshold.Format)}. ");
        var used = threshold.Resource == "memory" ? usage?.Memory : threshold.Resource == "ephemeral-storage" ? usage?.Disk : null;
        foreach (var container in pod.Spec.InitContainers.Concat(pod.Spec.Containers))
        {
            var request = PodResources.Amount(container.Resources.Requests, threshold.Resource);
            var amount = new Quantity(used?.GetValueOrDefault(container.Name) ?? 0, QuantityFormat.BinarySI);
            if (amount > request)
            {
                text.Append(
                    $"Container {container.Name} was using {amount}, request is {request}, "
                    + $"has larger consumption of {threshold.Resource}. ");
            }
        }

        return text.ToString();
    }

    /// <summary>What of its disk a pod has exceeded, as its owner is told; null: nothing.</summary>
    public static string? Exceeded(PodManifest pod, PodUsage usage)
    {
        foreach (var volume in pod.Spec.Volumes)
        {
            if (volume.EmptyDir?.SizeLimit is { Sign: > 0 } limit
                && new Quantity(usage.Volumes.GetValueOrDefault(volume.Name)) > limit)
            {
                return $"Usage of EmptyDir volume \"{volume.Name}\" exceeds the limit \"{limit}\". ";
            }
        }

        const string Resource = "ephemeral-storage";
        var total = PodResources.SumOfLimits(pod, Resource);
        if (!total.IsZero && PodResources.Limit(pod, Resource) is { } bound && new Quantity(usage.Of(Resource)) > bound)
        {
            return $"Pod ephemeral local storage usage exceeds the total limit of containers {bound}. ";
        }

        foreach (var container in pod.Spec.Containers)
        {
            var limit = PodResources.Amount(container.Resources.Limits, Resource);
            if (!limit.IsZero && new Quantity(usage.Disk.GetValueOrDefault(container.Name)) > limit)
            {
                return $"Container {container.Name} exceeded its local ephemeral storage limit \"{limit}\". ";
            }
        }

        return null;
    }

    /// <summary>Whether a pod says of any of its disk how much it may be.</summary>
    public static bool HasDiskLimits(PodManifest pod) =>
        pod.Spec.Volumes.Any(volume => volume.EmptyDir is { Medium: "", SizeLimit.Sign: > 0 })
        || pod.Spec.Containers.Any(container => !PodResources.Amount(container.Resources.Limits, "ephemeral-storage").IsZero);

    private static long Excess(PodManifest pod, IReadOnlyDictionary<string, PodUsage> usages, string resource) =>
        (usages.TryGetValue(pod.Uid, out var usage) ? usage.Of(resource) : 0) - PodResources.Request(pod, resource).Value;
}

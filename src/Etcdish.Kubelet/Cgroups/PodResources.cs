using Etcdish.Kubelet.Kinds;
using Etcdish.Kubernetes;

namespace Etcdish.Kubelet.Cgroups;

/// <summary>What a pod as a whole asks for and may have, by Kubernetes' rules: what its containers do together, or one init container alone.</summary>
internal static class PodResources
{
    /// <summary>What the pod must get of a resource, its overhead included; zero: it does not say.</summary>
    public static Quantity Request(PodManifest pod, string resource) =>
        pod.Spec.Resources?.Requests?.TryGetValue(resource, out var own) == true
            ? own + Overhead(pod, resource)
            : Most(pod, container => Amount(container.Resources.Requests, resource)) + Overhead(pod, resource);

    /// <summary>What the pod may have at most of a resource; null: it is not bounded, since a container of it is not.</summary>
    public static Quantity? Limit(PodManifest pod, string resource)
    {
        if (pod.Spec.Resources?.Limits?.TryGetValue(resource, out var own) == true)
        {
            return own + Overhead(pod, resource);
        }

        var isBounded = pod.Spec.Containers.Concat(pod.Spec.InitContainers)
            .All(container => !Amount(container.Resources.Limits, resource).IsZero);
        return isBounded && pod.Spec.Containers.Length > 0
            ? Most(pod, container => Amount(container.Resources.Limits, resource)) + Overhead(pod, resource)
            : null;
    }

    /// <summary>The limits that are set, together, though other containers may be without.</summary>
    public static Quantity SumOfLimits(PodManifest pod, string resource) =>
        Most(pod, container => Amount(container.Resources.Limits, resource));

    /// <summary>Guaranteed, Burstable or BestEffort.</summary>
    public static string QosClass(PodManifest pod)
    {
        if ((string?)pod.Status?["qosClass"] is { Length: > 0 } known)
        {
            return known;
        }

        string[] resources = ["cpu", "memory"];
        var all = pod.Spec.Containers.Concat(pod.Spec.InitContainers).Select(container => container.Resources).ToList();
        if (pod.Spec.Resources is { } own && (own.Requests?.Count > 0 || own.Limits?.Count > 0))
        {
            all = [own];
        }

        var isGuaranteed = all.All(need => resources.All(resource =>
            !Amount(need.Limits, resource).IsZero
            && (need.Requests?.ContainsKey(resource) != true || Amount(need.Requests, resource) == Amount(need.Limits, resource))));
        return isGuaranteed && all.Count > 0 ? "Guaranteed"
            : all.Exists(need => resources.Any(r => !Amount(need.Requests, r).IsZero || !Amount(need.Limits, r).IsZero)) ? "Burstable"
            : "BestEffort";
    }

    internal static Quantity Amount(Dictionary<string, Quantity>? list, string resource) =>
        list is not null && list.TryGetValue(resource, out var amount) ? amount : default;

    private static Quantity Overhead(PodManifest pod, string resource) => Amount(pod.Spec.Overhead, resource);

    /// <summary>Init containers run one at a time, each beside the sidecars that started before it.</summary>
    private static Quantity Most(PodManifest pod, Func<ContainerManifest, Quantity> amount)
    {
        var (sidecars, most) = (default(Quantity), default(Quantity));
        foreach (var container in pod.Spec.InitContainers)
        {
            var together = sidecars + amount(container);
            most = together > most ? together : most;
            sidecars = container.IsSidecar ? together : sidecars;
        }

        var running = pod.Spec.Containers.Aggregate(sidecars, (sum, container) => sum + amount(container));
        return running > most ? running : most;
    }
}

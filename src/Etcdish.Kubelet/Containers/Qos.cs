using Etcdish.Kubelet.Kinds;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Kubelet.Containers;

/// <summary>How well a pod is to be served when the node runs short: what its requests and limits of processor and memory say.</summary>
internal static class Qos
{
    public const string Guaranteed = "Guaranteed";

    public const string Burstable = "Burstable";

    public const string BestEffort = "BestEffort";

    private static readonly string[] _resources = ["cpu", "memory"];

    /// <summary>A pod's class: what the API says of it, since that never changes, or else what follows from its containers.</summary>
    public static string ClassOf(PodManifest pod) =>
        (string?)pod.Status?["qosClass"] is { Length: > 0 } known ? known : Compute(pod);

    /// <summary>The pod's control group, named as the driver cgroupfs has it.</summary>
    public static string CgroupParent(PodManifest pod) => ClassOf(pod) switch
    {
        Guaranteed => $"/kubepods/pod{pod.Uid}",
        BestEffort => $"/kubepods/besteffort/pod{pod.Uid}",
        _ => $"/kubepods/burstable/pod{pod.Uid}",
    };

    private static string Compute(PodManifest pod)
    {
        ResourceRequirements[] all = pod.Spec.Resources is { } own && (own.Requests?.Count > 0 || own.Limits?.Count > 0)
            ? [own]
            : [.. pod.Spec.Containers.Concat(pod.Spec.InitContainers).Select(container => container.Resources)];
        if (!all.Any(need => _resources.Any(resource => IsSet(need.Requests, resource) || IsSet(need.Limits, resource))))
        {
            return BestEffort;
        }

        return all.All(IsGuaranteed) ? Guaranteed : Burstable;
    }

    /// <summary>A request that is not said is as large as the limit.</summary>
    private static bool IsGuaranteed(ResourceRequirements need) => _resources.All(resource =>
        IsSet(need.Limits, resource)
        && (!IsSet(need.Requests, resource) || need.Requests![resource] == need.Limits![resource]));

    private static bool IsSet(Dictionary<string, Quantity>? amounts, string resource) =>
        amounts is not null && amounts.TryGetValue(resource, out var amount) && !amount.IsZero;
}

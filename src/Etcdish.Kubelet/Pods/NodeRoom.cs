using Etcdish.Kubelet.Cgroups;
using Etcdish.Kubelet.Kinds;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Kubelet.Pods;

/// <summary>A resource of which there is not enough. Processors count in thousandths, memory in bytes.</summary>
internal sealed record ResourceLack(string Resource, long Requested, long Used, long Capacity)
{
    /// <summary>Whether the node, were it empty, would not do either.</summary>
    public bool IsForEver => Requested > Capacity;
}

/// <summary>Whether a node has what pods ask for.</summary>
internal static class NodeRoom
{
    private static readonly string[] _counted = ["cpu", "memory", "ephemeral-storage"];

    /// <summary>What lacks for a pod beside others; null: nothing.</summary>
    public static ResourceLack? Lack(Node node, PodManifest pod, IReadOnlyList<PodManifest> others)
    {
        foreach (var resource in _counted)
        {
            var requested = Amount(resource, PodResources.Request(pod, resource));
            if (requested == 0 || !node.Status.Allocatable.TryGetValue(resource, out var allocatable))
            {
                continue;
            }

            var used = others.Sum(other => Amount(resource, PodResources.Request(other, resource)));
            var capacity = Amount(resource, allocatable);
            if (used + requested > capacity)
            {
                return new ResourceLack(resource, requested, used, capacity);
            }
        }

        return null;
    }

    /// <summary>Whether labels and name of the node are such as the pod must have.</summary>
    public static bool Matches(Node node, PodManifest pod)
    {
        foreach (var (name, value) in pod.Spec.NodeSelector ?? [])
        {
            if (node.Metadata.Labels.GetValueOrDefault(name) != value)
            {
                return false;
            }
        }

        return pod.Spec.Affinity?.NodeAffinity?.Required is not { } required || required.Matches(node);
    }

    private static long Amount(string resource, Quantity quantity) => resource == "cpu" ? quantity.MilliValue : quantity.Value;
}

using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Volumes;

namespace Etcdish.Kubelet.Containers;

/// <summary>
/// What a container's variables can say of its own pod: what files can say too (<see cref="DownwardFields"/>), and beyond that addresses,
/// node and service account, which are known when the container is made and not before.
/// </summary>
internal static class DownwardApi
{
    /// <summary>A field of the pod as one text.</summary>
    /// <param name="plan">The container that asks.</param>
    /// <param name="path">Such as <c>metadata.labels['app']</c>.</param>
    /// <param name="node">The node.</param>
    /// <exception cref="ContainerConfigException">There is no such field.</exception>
    public static string ReadField(ContainerPlan plan, string path, NodeFacts node) => path switch
    {
        "spec.nodeName" => plan.Pod.Spec.NodeName,
        "spec.serviceAccountName" => plan.Pod.Spec.ServiceAccountName,
        "status.podIP" => FirstOf(plan.PodAddresses),
        "status.podIPs" => string.Join(',', plan.PodAddresses),
        "status.hostIP" => FirstOf(node.Addresses),
        "status.hostIPs" => string.Join(',', node.Addresses),
        _ => Explain(() => DownwardFields.Read(plan.Pod, path)),
    };

    /// <summary>What a container asks for or may use, in units of the divisor, rounded up; without a limit, what the node has.</summary>
    /// <param name="plan">The container that asks.</param>
    /// <param name="field">What it asks for.</param>
    /// <param name="node">The node.</param>
    /// <exception cref="ContainerConfigException">There is no such container or resource.</exception>
    public static string ReadResource(ContainerPlan plan, ResourceFieldManifest field, NodeFacts node)
    {
        var full = new ResourceFieldManifest
        {
            ContainerName = field.ContainerName.Length > 0 ? field.ContainerName : plan.Container.Name,
            Resource = field.Resource,
            Divisor = field.Divisor,
        };
        return Explain(() => DownwardFields.Read(plan.Pod, full, node.Allocatable));
    }

    private static string FirstOf(IReadOnlyList<string> addresses) => addresses.Count > 0 ? addresses[0] : "";

    private static string Explain(Func<string> read)
    {
        try
        {
            return read();
        }
        catch (FormatException e)
        {
            throw new ContainerConfigException(e.Message);
        }
    }
}

using System.Globalization;
using Etcdish.Kubelet.Kinds;
using Etcdish.Kubernetes;

namespace Etcdish.Kubelet.Containers;

/// <summary>What a container can be told of its own pod: fields of the object, addresses, and what it may use.</summary>
internal static class DownwardApi
{
    private static readonly string[] _defaulted = ["cpu", "memory", "ephemeral-storage"];

    /// <summary>A field of the pod as one text.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="path">Such as <c>metadata.labels['app']</c>.</param>
    /// <param name="podAddresses">The pod's addresses, as its sandbox has them.</param>
    /// <param name="node">The node.</param>
    /// <exception cref="ContainerConfigException">There is no such field.</exception>
    public static string ReadField(PodManifest pod, string path, IReadOnlyList<string> podAddresses, NodeFacts node) => path switch
    {
        "metadata.name" => pod.Metadata.Name,
        "metadata.namespace" => pod.Metadata.Namespace,
        "metadata.uid" => pod.Uid,
        "spec.nodeName" => pod.Spec.NodeName,
        "spec.serviceAccountName" => pod.Spec.ServiceAccountName,
        "status.podIP" => podAddresses.FirstOrDefault() ?? "",
        "status.podIPs" => string.Join(',', podAddresses),
        "status.hostIP" => node.Addresses.FirstOrDefault() ?? "",
        "status.hostIPs" => string.Join(',', node.Addresses),
        _ when KeyIn(path, "metadata.labels['") is { } key => pod.Metadata.Labels.GetValueOrDefault(key, ""),
        _ when KeyIn(path, "metadata.annotations['") is { } key => pod.Metadata.Annotations.GetValueOrDefault(key, ""),
        _ => throw new ContainerConfigException($"unsupported fieldPath: {path}"),
    };

    /// <summary>What a container asks for or may use, in units of the divisor, rounded up. Without a limit it may use what the node has.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="own">The container that asks.</param>
    /// <param name="field">What it asks for.</param>
    /// <param name="allocatable">What pods of this node may use.</param>
    /// <exception cref="ContainerConfigException">There is no such container or resource.</exception>
    public static string ReadResource(
        PodManifest pod, ContainerManifest own, ResourceFieldManifest field, IReadOnlyDictionary<string, Quantity> allocatable)
    {
        var container = field.ContainerName.Length == 0 || field.ContainerName == own.Name ? own
            : pod.Spec.Containers.Concat(pod.Spec.InitContainers).FirstOrDefault(other => other.Name == field.ContainerName)
            ?? throw new ContainerConfigException($"container {field.ContainerName} not found");
        var (amounts, name, isLimit) = field.Resource.Split('.', 2) switch
        {
            ["limits", var resource] => (container.Resources.Limits, resource, true),
            ["requests", var resource] => (container.Resources.Requests, resource, false),
            _ => throw Unsupported(field),
        };
        if (!_defaulted.Contains(name) && !name.StartsWith("hugepages-", StringComparison.Ordinal))
        {
            throw Unsupported(field);
        }

        var amount = amounts?.GetValueOrDefault(name) ?? default;
        if (amount.IsZero && isLimit && _defaulted.Contains(name))
        {
            amount = allocatable.GetValueOrDefault(name);
        }

        var divisor = field.Divisor.IsZero ? new Quantity(1) : field.Divisor;
        var (whole, part) = name == "cpu" ? (amount.MilliValue, divisor.MilliValue) : (amount.Value, divisor.Value);
        return ((whole / part) + (whole % part > 0 ? 1 : 0)).ToString(CultureInfo.InvariantCulture);
    }

    private static ContainerConfigException Unsupported(ResourceFieldManifest field) =>
        new($"unsupported container resource : {field.Resource}");

    private static string? KeyIn(string path, string prefix) =>
        path.StartsWith(prefix, StringComparison.Ordinal) && path.Length > prefix.Length + 1 && path.EndsWith("']", StringComparison.Ordinal)
            ? path[prefix.Length..^2]
            : null;
}

using System.Globalization;
using Etcdish.Kubelet.Kinds;
using Etcdish.Kubernetes;

namespace Etcdish.Kubelet.Volumes;

/// <summary>What of a pod can be shown in files: its names, labels, annotations and what its containers may use.</summary>
internal static class DownwardFields
{
    private const string Label = "metadata.labels['";
    private const string Annotation = "metadata.annotations['";

    /// <summary>A field as text.</summary>
    /// <exception cref="FormatException">There is none of that path, or it is not for files.</exception>
    public static string Read(PodManifest pod, string path) => path switch
    {
        "metadata.name" => pod.Metadata.Name,
        "metadata.namespace" => pod.Metadata.Namespace,
        "metadata.uid" => pod.Metadata.Uid,
        "metadata.labels" => Lines(pod.Metadata.Labels),
        "metadata.annotations" => Lines(pod.Metadata.Annotations),
        _ when KeyOf(path, Label) is { } key => pod.Metadata.Labels.GetValueOrDefault(key, ""),
        _ when KeyOf(path, Annotation) is { } key => pod.Metadata.Annotations.GetValueOrDefault(key, ""),
        _ => throw new FormatException($"unsupported fieldPath: {path}"),
    };

    /// <summary>A resource of a container in units of the divisor, rounded up. A limit that is not set is what the node has.</summary>
    /// <exception cref="FormatException">There is no such container or resource.</exception>
    public static string Read(PodManifest pod, ResourceFieldManifest field, IReadOnlyDictionary<string, Quantity> allocatable)
    {
        var container = Array.Find([.. pod.Spec.Containers, .. pod.Spec.InitContainers], c => c.Name == field.ContainerName)
            ?? throw new FormatException($"container {field.ContainerName} not found");
        var (isLimit, name) = field.Resource.Split('.', 2) switch
        {
            ["limits", var resource] => (true, resource),
            ["requests", var resource] => (false, resource),
            _ => throw new FormatException($"unsupported container resource : {field.Resource}"),
        };
        if (name is not ("cpu" or "memory" or "ephemeral-storage") && !name.StartsWith("hugepages-", StringComparison.Ordinal))
        {
            throw new FormatException($"unsupported container resource : {field.Resource}");
        }

        var own = isLimit ? container.Resources.Limits : container.Resources.Requests;
        var amount = own?.TryGetValue(name, out var set) == true && !set.IsZero ? set
            : isLimit ? allocatable.GetValueOrDefault(name)
            : default;
        return InUnits(amount, field.Divisor, name == "cpu").ToString(CultureInfo.InvariantCulture);
    }

    private static long InUnits(Quantity amount, Quantity divisor, bool isInThousandths)
    {
        var unit = divisor.IsZero ? new Quantity(1) : divisor;
        var (whole, part) = isInThousandths ? (amount.MilliValue, unit.MilliValue) : (amount.Value, unit.Value);
        return (whole + part - 1) / part;
    }

    private static string? KeyOf(string path, string prefix) =>
        path.StartsWith(prefix, StringComparison.Ordinal) && path.EndsWith("']", StringComparison.Ordinal) && path.Length > prefix.Length + 1
            ? path[prefix.Length..^2]
            : null;

    private static string Lines(Dictionary<string, string> map) => string.Join(
        '\n', map.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}={GoText.Quote(pair.Value)}"));
}

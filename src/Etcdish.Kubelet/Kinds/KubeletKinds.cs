using System.Text.Json;
using System.Text.Json.Serialization;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Kubelet.Kinds;

/// <summary>
/// The resources that a kubelet looks at. It sees few pods but all of each, where other programs see all pods and little of each: so it has
/// classes of its own.
/// </summary>
internal static class KubeletKinds
{
    /// <summary>Pods, with all that is needed to run them.</summary>
    public static ApiResource<PodManifest> Pods { get; } = new("", "v1", "pods", "Pod", true, KubeletForms.Default.PodManifest);
}

/// <summary>Reads them, by generated code.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    NumberHandling = JsonNumberHandling.Strict,
    PropertyNameCaseInsensitive = false,
    GenerationMode = JsonSourceGenerationMode.Metadata,
    Converters = [typeof(QuantityConverter), typeof(IntOrStringConverter), typeof(LabelSelectorConverter)])]
[JsonSerializable(typeof(PodManifest))]
internal sealed partial class KubeletForms : JsonSerializerContext;

using System.Text.Json;
using System.Text.Json.Serialization;

namespace Etcdish.Kubernetes.Objects;

/// <summary>Reads the classes of this folder from JSON, by generated code. A kind is one line here and one in <see cref="Resources"/>.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    NumberHandling = JsonNumberHandling.Strict,
    PropertyNameCaseInsensitive = false,
    GenerationMode = JsonSourceGenerationMode.Metadata,
    Converters =
    [
        typeof(OwnedObjectConverter),
        typeof(QuantityConverter),
        typeof(IntOrStringConverter),
        typeof(LabelSelectorConverter),
        typeof(PodTemplateConverter),
    ])]
[JsonSerializable(typeof(CertificateSigningRequest))]
[JsonSerializable(typeof(ConfigMap))]
[JsonSerializable(typeof(Lease))]
[JsonSerializable(typeof(Namespace))]
[JsonSerializable(typeof(OwnedObject))]
[JsonSerializable(typeof(OwnerReference[]))]
[JsonSerializable(typeof(string[]))]
[JsonSerializable(typeof(Pod))]
[JsonSerializable(typeof(Node))]
[JsonSerializable(typeof(ReplicaSet))]
[JsonSerializable(typeof(Secret))]
[JsonSerializable(typeof(ServiceAccount))]
internal sealed partial class ObjectForms : JsonSerializerContext;

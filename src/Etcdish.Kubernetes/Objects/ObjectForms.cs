using System.Text.Json;
using System.Text.Json.Serialization;

namespace Etcdish.Kubernetes.Objects;

/// <summary>Reads the classes of this folder from JSON, by generated code. A kind is one line here and one in <see cref="Resources"/>.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    NumberHandling = JsonNumberHandling.Strict,
    PropertyNameCaseInsensitive = false,
    GenerationMode = JsonSourceGenerationMode.Metadata,
    Converters = [typeof(QuantityConverter), typeof(IntOrStringConverter), typeof(LabelSelectorConverter), typeof(PodTemplateConverter)])]
[JsonSerializable(typeof(CronJob))]
[JsonSerializable(typeof(HorizontalPodAutoscaler))]
[JsonSerializable(typeof(Job))]
[JsonSerializable(typeof(PodDisruptionBudget))]
[JsonSerializable(typeof(Pod))]
[JsonSerializable(typeof(Node))]
[JsonSerializable(typeof(ReplicaSet))]
internal sealed partial class ObjectForms : JsonSerializerContext;

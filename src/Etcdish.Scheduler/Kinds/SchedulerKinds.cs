using System.Text.Json;
using System.Text.Json.Serialization;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Scheduler.Kinds;

/// <summary>The resources that the scheduler looks at, each with the few fields it decides by.</summary>
internal static class SchedulerKinds
{
    public static ApiResource<ServiceFacts> Services { get; } =
        new("", "v1", "services", "Service", true, SchedulerForms.Default.ServiceFacts);

    public static ApiResource<NamespaceFacts> Namespaces { get; } =
        new("", "v1", "namespaces", "Namespace", false, SchedulerForms.Default.NamespaceFacts);

    public static ApiResource<OwnerFacts> ReplicaSets { get; } =
        new("apps", "v1", "replicasets", "ReplicaSet", true, SchedulerForms.Default.OwnerFacts);

    public static ApiResource<OwnerFacts> StatefulSets { get; } =
        new("apps", "v1", "statefulsets", "StatefulSet", true, SchedulerForms.Default.OwnerFacts);

    public static ApiResource<BudgetFacts> Budgets { get; } =
        new("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", true, SchedulerForms.Default.BudgetFacts);

    public static ApiResource<ClaimFacts> Claims { get; } =
        new("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", true, SchedulerForms.Default.ClaimFacts);

    public static ApiResource<VolumeFacts> Volumes { get; } =
        new("", "v1", "persistentvolumes", "PersistentVolume", false, SchedulerForms.Default.VolumeFacts);

    public static ApiResource<StorageClassFacts> StorageClasses { get; } =
        new("storage.k8s.io", "v1", "storageclasses", "StorageClass", false, SchedulerForms.Default.StorageClassFacts);

    public static ApiResource<CsiNodeFacts> CsiNodes { get; } =
        new("storage.k8s.io", "v1", "csinodes", "CSINode", false, SchedulerForms.Default.CsiNodeFacts);
}

/// <summary>Reads them, by generated code.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    NumberHandling = JsonNumberHandling.Strict,
    PropertyNameCaseInsensitive = false,
    GenerationMode = JsonSourceGenerationMode.Metadata,
    Converters = [typeof(QuantityConverter), typeof(LabelSelectorConverter)])]
[JsonSerializable(typeof(ServiceFacts))]
[JsonSerializable(typeof(NamespaceFacts))]
[JsonSerializable(typeof(OwnerFacts))]
[JsonSerializable(typeof(BudgetFacts))]
[JsonSerializable(typeof(ClaimFacts))]
[JsonSerializable(typeof(VolumeFacts))]
[JsonSerializable(typeof(StorageClassFacts))]
[JsonSerializable(typeof(CsiNodeFacts))]
internal sealed partial class SchedulerForms : JsonSerializerContext;

/// <summary>A service: pods that belong together.</summary>
internal sealed class ServiceFacts : KubernetesObject
{
    public ServiceSpecFacts Spec { get; set; } = new();
}

internal sealed class ServiceSpecFacts
{
    public Dictionary<string, string>? Selector { get; set; }
}

/// <summary>A namespace, for its labels.</summary>
internal sealed class NamespaceFacts : KubernetesObject;

/// <summary>What makes pods: a replica set or stateful set.</summary>
internal sealed class OwnerFacts : KubernetesObject
{
    public OwnerSpecFacts Spec { get; set; } = new();
}

internal sealed class OwnerSpecFacts
{
    public LabelSelector Selector { get; set; } = LabelSelector.Nothing;
}

/// <summary>How many of some pods may be evicted.</summary>
internal sealed class BudgetFacts : KubernetesObject
{
    public OwnerSpecFacts Spec { get; set; } = new();

    public BudgetStatusFacts Status { get; set; } = new();
}

internal sealed class BudgetStatusFacts
{
    public int DisruptionsAllowed { get; set; }

    public Dictionary<string, JsonElement>? DisruptedPods { get; set; }
}

using System.Text.Json.Serialization;

namespace Etcdish.Kubernetes.Objects;

/// <summary>A set of equal pods in the form that came before replica sets (core/v1 ReplicationController).</summary>
public sealed class ReplicationController : KubernetesObject, IReplicated
{
    /// <summary>What is wanted.</summary>
    public ReplicationControllerSpec Spec { get => field ??= new(); set; }

    /// <summary>What is there.</summary>
    public ReplicaSetStatus Status { get => field ??= new(); set; }

    int IReplicated.Replicas => Spec.Replicas;

    int IReplicated.MinReadySeconds => Spec.MinReadySeconds;

    LabelSelector IReplicated.Selector => Spec.PodSelector;

    PodTemplate IReplicated.Template => Spec.Template;
}

/// <summary>What is wanted of a replication controller.</summary>
public sealed class ReplicationControllerSpec
{
    /// <summary>How many pods.</summary>
    public int Replicas { get; set; } = 1;

    /// <summary>Seconds that a pod must be ready to be available.</summary>
    public int MinReadySeconds { get; set; }

    /// <summary>Labels of its own pods.</summary>
    public Dictionary<string, string>? Selector { get; set; }

    /// <summary>What it makes pods of.</summary>
    public PodTemplate Template { get => field ??= new([]); set; }

    /// <summary>Which pods are its own: none, if it names no labels.</summary>
    [JsonIgnore]
    public LabelSelector PodSelector => field ??= Selector is { Count: > 0 } ? LabelSelector.FromLabels(Selector) : LabelSelector.Nothing;
}

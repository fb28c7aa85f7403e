using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Etcdish.Kubernetes.Objects;

/// <summary>Equal pods that are replaced step by step when their template changes (apps/v1 Deployment).</summary>
public sealed class Deployment : KubernetesObject
{
    /// <summary>What is wanted.</summary>
    public DeploymentSpec Spec { get => field ??= new(); set; }

    /// <summary>What is there.</summary>
    public DeploymentStatus Status { get => field ??= new(); set; }
}

/// <summary>What is wanted of a deployment.</summary>
public sealed class DeploymentSpec
{
    /// <summary>How many pods.</summary>
    public int Replicas { get; set; } = 1;

    /// <summary>Seconds that a pod must be ready to be available.</summary>
    public int MinReadySeconds { get; set; }

    /// <summary>Which replica sets and pods are its own, as it is stored.</summary>
    [JsonPropertyName("selector")]
    public JsonObject? SelectorJson { get; set; }

    /// <summary>Which replica sets and pods are its own.</summary>
    /// <exception cref="SelectorException">The selector cannot be understood.</exception>
    [JsonIgnore]
    public LabelSelector Selector => field ??= LabelSelector.FromObject(SelectorJson);

    /// <summary>What its pods are made of.</summary>
    public PodTemplate Template { get => field ??= new([]); set; }

    /// <summary>How pods are replaced.</summary>
    public DeploymentStrategy Strategy { get => field ??= new(); set; }

    /// <summary>How many old replica sets are kept; null: all.</summary>
    public int? RevisionHistoryLimit { get; set; }

    /// <summary>Whether nothing new is to be rolled out.</summary>
    public bool Paused { get; set; }

    /// <summary>Seconds without progress behind which it is said to have failed; null: never.</summary>
    public int? ProgressDeadlineSeconds { get; set; }
}

/// <summary>How the pods of a deployment are replaced.</summary>
public sealed class DeploymentStrategy
{
    /// <summary>Recreate or RollingUpdate.</summary>
    public string Type { get; set; } = "RollingUpdate";

    /// <summary>The bounds of a rolling update.</summary>
    public RollingUpdate? RollingUpdate { get; set; }
}

/// <summary>The bounds of a rolling update.</summary>
public sealed class RollingUpdate
{
    /// <summary>How many pods may be missing.</summary>
    public IntOrString? MaxUnavailable { get; set; }

    /// <summary>How many pods there may be too many.</summary>
    public IntOrString? MaxSurge { get; set; }
}

/// <summary>What is there of a deployment.</summary>
public sealed class DeploymentStatus
{
    /// <summary>The generation that this speaks of.</summary>
    public long ObservedGeneration { get; set; }

    /// <summary>Its pods.</summary>
    public int Replicas { get; set; }

    /// <summary>Those of the present template.</summary>
    public int UpdatedReplicas { get; set; }

    /// <summary>Those that take requests.</summary>
    public int ReadyReplicas { get; set; }

    /// <summary>Those that have done so for long enough.</summary>
    public int AvailableReplicas { get; set; }

    /// <summary>Those that are missing or do not.</summary>
    public int UnavailableReplicas { get; set; }

    /// <summary>Those that are ending; null: not known.</summary>
    public int? TerminatingReplicas { get; set; }

    /// <summary>How often the name of a new replica set was taken by another.</summary>
    public int? CollisionCount { get; set; }

    /// <summary>Its conditions.</summary>
    public Condition[] Conditions { get => field ?? []; set; }

    /// <summary>The condition of a type, or null.</summary>
    public Condition? Find(string type) => Array.Find(Conditions, condition => condition.Type == type);
}

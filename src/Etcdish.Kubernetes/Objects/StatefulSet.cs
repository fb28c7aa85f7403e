using System.Text.Json.Nodes;

namespace Etcdish.Kubernetes.Objects;

/// <summary>Pods that each have a name and storage of their own (apps/v1 StatefulSet).</summary>
public sealed class StatefulSet : KubernetesObject
{
    /// <summary>What is wanted.</summary>
    public StatefulSetSpec Spec { get => field ??= new(); set; }

    /// <summary>What is there.</summary>
    public StatefulSetStatus Status { get => field ??= new(); set; }
}

/// <summary>What is wanted of a stateful set.</summary>
public sealed class StatefulSetSpec
{
    /// <summary>How many pods.</summary>
    public int Replicas { get; set; } = 1;

    /// <summary>Which pods are its own.</summary>
    public LabelSelector Selector { get; set; } = LabelSelector.Nothing;

    /// <summary>What it makes pods of.</summary>
    public PodTemplate Template { get => field ??= new([]); set; }

    /// <summary>The claims that each pod has, whole: each is copied into claims with all its fields.</summary>
    public JsonObject[] VolumeClaimTemplates { get => field ?? []; set; }

    /// <summary>The headless service that gives its pods names.</summary>
    public string ServiceName { get; set; } = "";

    /// <summary>OrderedReady: one after the other; Parallel: all at once.</summary>
    public string PodManagementPolicy { get; set; } = "";

    /// <summary>How pods come to a new template.</summary>
    public StatefulSetUpdateStrategy UpdateStrategy { get => field ??= new(); set; }

    /// <summary>How many old revisions are kept that no pod has.</summary>
    public int RevisionHistoryLimit { get; set; } = 10;

    /// <summary>Seconds that a pod must be ready to be available.</summary>
    public int MinReadySeconds { get; set; }

    /// <summary>What becomes of claims.</summary>
    public ClaimRetentionPolicy PersistentVolumeClaimRetentionPolicy { get => field ??= new(); set; }

    /// <summary>How pods are numbered.</summary>
    public StatefulSetOrdinals Ordinals { get => field ??= new(); set; }
}

/// <summary>How the pods of a stateful set come to a new template.</summary>
public sealed class StatefulSetUpdateStrategy
{
    /// <summary>RollingUpdate, or OnDelete: when somebody deletes them.</summary>
    public string Type { get; set; } = "";

    /// <summary>More of a rolling update, or null.</summary>
    public StatefulSetRollingUpdate? RollingUpdate { get; set; }
}

/// <summary>How a rolling update of a stateful set goes.</summary>
public sealed class StatefulSetRollingUpdate
{
    /// <summary>How many pods, from the first, keep their template.</summary>
    public int Partition { get; set; }

    /// <summary>How many pods may be missing meanwhile, rounded down but at least 1; null: 1.</summary>
    public IntOrString? MaxUnavailable { get; set; }
}

/// <summary>What becomes of the claims of a stateful set: Retain or Delete.</summary>
public sealed class ClaimRetentionPolicy
{
    /// <summary>When the set goes.</summary>
    public string WhenDeleted { get; set; } = "";

    /// <summary>When a pod goes, since fewer are wanted.</summary>
    public string WhenScaled { get; set; } = "";
}

/// <summary>How the pods of a stateful set are numbered.</summary>
public sealed class StatefulSetOrdinals
{
    /// <summary>The number of the first.</summary>
    public int Start { get; set; }
}

/// <summary>What is there of a stateful set.</summary>
public sealed class StatefulSetStatus
{
    /// <summary>The generation that this speaks of.</summary>
    public long ObservedGeneration { get; set; }

    /// <summary>Its pods.</summary>
    public int Replicas { get; set; }

    /// <summary>Those that take requests.</summary>
    public int ReadyReplicas { get; set; }

    /// <summary>Those that have done so for long enough.</summary>
    public int AvailableReplicas { get; set; }

    /// <summary>Those of <see cref="CurrentRevision"/>.</summary>
    public int CurrentReplicas { get; set; }

    /// <summary>Those of <see cref="UpdateRevision"/>.</summary>
    public int UpdatedReplicas { get; set; }

    /// <summary>The revision that all pods had last.</summary>
    public string CurrentRevision { get; set; } = "";

    /// <summary>The revision that all pods are to have.</summary>
    public string UpdateRevision { get; set; } = "";

    /// <summary>How often a name of a revision was taken.</summary>
    public int? CollisionCount { get; set; }
}

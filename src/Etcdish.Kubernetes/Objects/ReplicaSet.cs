namespace Etcdish.Kubernetes.Objects;

/// <summary>A set of equal pods (apps/v1 ReplicaSet).</summary>
public sealed class ReplicaSet : KubernetesObject, IReplicated
{
    /// <summary>What is wanted.</summary>
    public ReplicaSetSpec Spec { get => field ??= new(); set; }

    /// <summary>What is there.</summary>
    public ReplicaSetStatus Status { get => field ??= new(); set; }

    int IReplicated.Replicas => Spec.Replicas;

    int IReplicated.MinReadySeconds => Spec.MinReadySeconds;

    LabelSelector IReplicated.Selector => Spec.Selector;

    PodTemplate IReplicated.Template => Spec.Template;
}

/// <summary>What is wanted of a replica set.</summary>
public sealed class ReplicaSetSpec
{
    /// <summary>How many pods.</summary>
    public int Replicas { get; set; } = 1;

    /// <summary>Seconds that a pod must be ready to be available.</summary>
    public int MinReadySeconds { get; set; }

    /// <summary>Which pods are its own.</summary>
    public LabelSelector Selector { get; set; } = LabelSelector.Nothing;

    /// <summary>What it makes pods of.</summary>
    public PodTemplate Template { get => field ??= new([]); set; }
}

/// <summary>What is there of a replica set.</summary>
public sealed class ReplicaSetStatus
{
    /// <summary>Its pods.</summary>
    public int Replicas { get; set; }

    /// <summary>Those with all labels of the template.</summary>
    public int FullyLabeledReplicas { get; set; }

    /// <summary>Those that take requests.</summary>
    public int ReadyReplicas { get; set; }

    /// <summary>Those that have done so for long enough.</summary>
    public int AvailableReplicas { get; set; }

    /// <summary>Those that are ending.</summary>
    public int? TerminatingReplicas { get; set; }

    /// <summary>The generation that this speaks of.</summary>
    public long ObservedGeneration { get; set; }

    /// <summary>Its conditions.</summary>
    public Condition[] Conditions { get => field ?? []; set; }
}

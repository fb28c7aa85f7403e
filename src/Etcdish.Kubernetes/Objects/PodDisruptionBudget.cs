namespace Etcdish.Kubernetes.Objects;

/// <summary>How many pods must stay while others are evicted (policy/v1 PodDisruptionBudget).</summary>
public sealed class PodDisruptionBudget : KubernetesObject
{
    /// <summary>What is wanted.</summary>
    public PodDisruptionBudgetSpec Spec { get => field ??= new(); set; }

    /// <summary>What is there.</summary>
    public PodDisruptionBudgetStatus Status { get => field ??= new(); set; }
}

/// <summary>What is wanted of a budget.</summary>
public sealed class PodDisruptionBudgetSpec
{
    /// <summary>How many pods must stay.</summary>
    public IntOrString? MinAvailable { get; set; }

    /// <summary>How many pods may be away.</summary>
    public IntOrString? MaxUnavailable { get; set; }

    /// <summary>Which pods.</summary>
    public LabelSelector Selector { get; set; } = LabelSelector.Nothing;
}

/// <summary>What is there of a budget.</summary>
public sealed class PodDisruptionBudgetStatus
{
    /// <summary>Pods that are ready and stay.</summary>
    public int CurrentHealthy { get; set; }

    /// <summary>Pods that must be.</summary>
    public int DesiredHealthy { get; set; }

    /// <summary>Pods that there are to be in all.</summary>
    public int ExpectedPods { get; set; }

    /// <summary>How many may be evicted now.</summary>
    public int DisruptionsAllowed { get; set; }

    /// <summary>Pods whose eviction was allowed and has not been seen, and when it was.</summary>
    public Dictionary<string, DateTimeOffset> DisruptedPods { get => field ?? []; set; }

    /// <summary>The generation that this speaks of.</summary>
    public long ObservedGeneration { get; set; }

    /// <summary>Its conditions.</summary>
    public Condition[] Conditions { get => field ?? []; set; }
}

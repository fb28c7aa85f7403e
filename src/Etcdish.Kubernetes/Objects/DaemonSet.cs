namespace Etcdish.Kubernetes.Objects;

/// <summary>A pod on every node, or on every node of a kind (apps/v1 DaemonSet).</summary>
public sealed class DaemonSet : KubernetesObject
{
    /// <summary>What is wanted.</summary>
    public DaemonSetSpec Spec { get => field ??= new(); set; }

    /// <summary>What is there.</summary>
    public DaemonSetStatus Status { get => field ??= new(); set; }
}

/// <summary>What is wanted of a daemon set.</summary>
public sealed class DaemonSetSpec
{
    /// <summary>Which pods are its own.</summary>
    public LabelSelector Selector { get; set; } = LabelSelector.Nothing;

    /// <summary>What it makes pods of.</summary>
    public PodTemplate Template { get => field ??= new([]); set; }

    /// <summary>How pods come to a new template.</summary>
    public DaemonSetUpdateStrategy UpdateStrategy { get => field ??= new(); set; }

    /// <summary>Seconds that a pod must be ready to be available.</summary>
    public int MinReadySeconds { get; set; }

    /// <summary>How many old revisions are kept.</summary>
    public int RevisionHistoryLimit { get; set; } = 10;
}

/// <summary>How the pods of a daemon set come to a new template.</summary>
public sealed class DaemonSetUpdateStrategy
{
    /// <summary>RollingUpdate, or OnDelete: when somebody deletes them.</summary>
    public string Type { get; set; } = "";

    /// <summary>More of a rolling update, or null.</summary>
    public DaemonSetRollingUpdate? RollingUpdate { get; set; }
}

/// <summary>How a rolling update of a daemon set goes. One of the two is zero.</summary>
public sealed class DaemonSetRollingUpdate
{
    /// <summary>How many nodes may be without an available pod meanwhile, rounded up.</summary>
    public IntOrString? MaxUnavailable { get; set; }

    /// <summary>How many nodes may have an old and a new pod meanwhile, rounded up.</summary>
    public IntOrString? MaxSurge { get; set; }
}

/// <summary>What is there of a daemon set.</summary>
public sealed class DaemonSetStatus
{
    /// <summary>Nodes that should have a pod and have one.</summary>
    public int CurrentNumberScheduled { get; set; }

    /// <summary>Nodes that should have none and have one.</summary>
    public int NumberMisscheduled { get; set; }

    /// <summary>Nodes that should have a pod.</summary>
    public int DesiredNumberScheduled { get; set; }

    /// <summary>Nodes that should have a pod and have one that takes requests.</summary>
    public int NumberReady { get; set; }

    /// <summary>Nodes that should have a pod and have one of the newest template.</summary>
    public int UpdatedNumberScheduled { get; set; }

    /// <summary>Nodes whose pod has taken requests for long enough.</summary>
    public int NumberAvailable { get; set; }

    /// <summary>Nodes that should have such a pod and have none.</summary>
    public int NumberUnavailable { get; set; }

    /// <summary>The generation that this speaks of.</summary>
    public long ObservedGeneration { get; set; }

    /// <summary>How often a name of a revision was taken.</summary>
    public int? CollisionCount { get; set; }
}

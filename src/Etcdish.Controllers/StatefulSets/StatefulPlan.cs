using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.StatefulSets;

/// <summary>What can be done to the pod of a number.</summary>
internal enum StatefulAction
{
    /// <summary>Make the claims that are missing, and the pod.</summary>
    Create,

    /// <summary>Delete the pod.</summary>
    Delete,

    /// <summary>Make the claims that are missing, and give all their owners.</summary>
    ProvideClaims,

    /// <summary>Give the pod's claims their owners.</summary>
    OwnClaims,

    /// <summary>Give the pod its labels back.</summary>
    Label,
}

/// <summary>One thing to do.</summary>
/// <param name="Action">What.</param>
/// <param name="Ordinal">The pod's number.</param>
/// <param name="Pod">The pod; null if it is to be created.</param>
/// <param name="Revision">The revision that a new pod is to have.</param>
internal sealed record StatefulStep(StatefulAction Action, int Ordinal, Pod? Pod, string Revision = "");

/// <summary>What is to be done about a stateful set now, in this order, and what can be said of it.</summary>
internal sealed class StatefulPlan
{
    /// <summary>What is to be done.</summary>
    public List<StatefulStep> Steps { get; } = [];

    /// <summary>How many pods are there, and of which kinds.</summary>
    public StatefulSetStatus Status { get; } = new();

    /// <summary>When time alone will change the plan; null: never.</summary>
    public TimeSpan? LookAgainAfter { get; set; }
}

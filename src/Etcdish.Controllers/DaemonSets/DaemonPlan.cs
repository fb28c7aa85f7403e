using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.DaemonSets;

/// <summary>What is to be done about the pods of a daemon set now.</summary>
internal sealed class DaemonPlan
{
    /// <summary>The nodes for which a pod is to be made.</summary>
    public List<string> CreateOn { get; } = [];

    /// <summary>The pods that are to go.</summary>
    public List<Pod> Delete { get; } = [];

    /// <summary>Those of them that go since they have ended, with their nodes, which users are told.</summary>
    public List<(Pod Pod, string Node)> Ended { get; } = [];

    /// <summary>When time alone will change the plan; null: never.</summary>
    public TimeSpan? LookAgainAfter { get; set; }

    /// <summary>Whether nothing is to be done.</summary>
    public bool IsEmpty => CreateOn.Count == 0 && Delete.Count == 0;
}

using Etcdish.Kubernetes.Client;

namespace Etcdish.Kubernetes.Objects;

/// <summary>The resources that programs here speak of.</summary>
public static class Resources
{
    /// <summary>Pods.</summary>
    public static ApiResource<Pod> Pods { get; } = new("", "v1", "pods", "Pod", true, ObjectForms.Default.Pod);

    /// <summary>Nodes.</summary>
    public static ApiResource<Node> Nodes { get; } = new("", "v1", "nodes", "Node", false, ObjectForms.Default.Node);

    /// <summary>Replica sets.</summary>
    public static ApiResource<ReplicaSet> ReplicaSets { get; } = new("apps", "v1", "replicasets", "ReplicaSet", true, ObjectForms.Default.ReplicaSet);

    /// <summary>Cron jobs.</summary>
    public static ApiResource<CronJob> CronJobs { get; } = new("batch", "v1", "cronjobs", "CronJob", true, ObjectForms.Default.CronJob);

    /// <summary>Disruption budgets.</summary>
    public static ApiResource<PodDisruptionBudget> DisruptionBudgets { get; } = new(
        "policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", true, ObjectForms.Default.PodDisruptionBudget);

    /// <summary>Autoscalers.</summary>
    public static ApiResource<HorizontalPodAutoscaler> HorizontalPodAutoscalers { get; } = new(
        "autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler", true, ObjectForms.Default.HorizontalPodAutoscaler);

    /// <summary>Jobs.</summary>
    public static ApiResource<Job> Jobs { get; } = new("batch", "v1", "jobs", "Job", true, ObjectForms.Default.Job);

    /// <summary>Events.</summary>
    public static ApiResource Events { get; } = new("", "v1", "events", "Event", true);

    /// <summary>Leases.</summary>
    public static ApiResource Leases { get; } = new("coordination.k8s.io", "v1", "leases", "Lease", true);
}

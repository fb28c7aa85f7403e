using Etcdish.Kubernetes.Client;

namespace Etcdish.Kubernetes.Objects;

/// <summary>The resources that programs here speak of.</summary>
public static class Resources
{
    /// <summary>Pods.</summary>
    public static ApiResource<Pod> Pods { get; } = new("", "v1", "pods", "Pod", true, ObjectForms.Default.Pod);

    /// <summary>Deployments.</summary>
    public static ApiResource<Deployment> Deployments { get; } = new("apps", "v1", "deployments", "Deployment", true, ObjectForms.Default.Deployment);

    /// <summary>Nodes.</summary>
    public static ApiResource<Node> Nodes { get; } = new("", "v1", "nodes", "Node", false, ObjectForms.Default.Node);

    /// <summary>Replica sets.</summary>
    public static ApiResource<ReplicaSet> ReplicaSets { get; } = new("apps", "v1", "replicasets", "ReplicaSet", true, ObjectForms.Default.ReplicaSet);

    /// <summary>Replication controllers.</summary>
    public static ApiResource<ReplicationController> ReplicationControllers { get; } =
        new("", "v1", "replicationcontrollers", "ReplicationController", true, ObjectForms.Default.ReplicationController);

    /// <summary>Claims of volumes.</summary>
    public static ApiResource<PersistentVolumeClaim> PersistentVolumeClaims { get; } =
        new("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", true, ObjectForms.Default.PersistentVolumeClaim);

    /// <summary>Revisions of sets.</summary>
    public static ApiResource<ControllerRevision> ControllerRevisions { get; } =
        new("apps", "v1", "controllerrevisions", "ControllerRevision", true, ObjectForms.Default.ControllerRevision);

    /// <summary>Daemon sets.</summary>
    public static ApiResource<DaemonSet> DaemonSets { get; } =
        new("apps", "v1", "daemonsets", "DaemonSet", true, ObjectForms.Default.DaemonSet);

    /// <summary>Stateful sets.</summary>
    public static ApiResource<StatefulSet> StatefulSets { get; } =
        new("apps", "v1", "statefulsets", "StatefulSet", true, ObjectForms.Default.StatefulSet);

    /// <summary>Events.</summary>
    public static ApiResource Events { get; } = new("", "v1", "events", "Event", true);

    /// <summary>Leases.</summary>
    public static ApiResource Leases { get; } = new("coordination.k8s.io", "v1", "leases", "Lease", true);
}

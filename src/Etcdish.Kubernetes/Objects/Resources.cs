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

    /// <summary>Events.</summary>
    public static ApiResource Events { get; } = new("", "v1", "events", "Event", true);

    /// <summary>Leases.</summary>
    public static ApiResource<Lease> Leases { get; } =
        new("coordination.k8s.io", "v1", "leases", "Lease", true, ObjectForms.Default.Lease);

    /// <summary>Namespaces.</summary>
    public static ApiResource<Namespace> Namespaces { get; } = new("", "v1", "namespaces", "Namespace", false, ObjectForms.Default.Namespace);

    /// <summary>Service accounts.</summary>
    public static ApiResource<ServiceAccount> ServiceAccounts { get; } =
        new("", "v1", "serviceaccounts", "ServiceAccount", true, ObjectForms.Default.ServiceAccount);

    /// <summary>Config maps.</summary>
    public static ApiResource<ConfigMap> ConfigMaps { get; } = new("", "v1", "configmaps", "ConfigMap", true, ObjectForms.Default.ConfigMap);

    /// <summary>Secrets.</summary>
    public static ApiResource<Secret> Secrets { get; } = new("", "v1", "secrets", "Secret", true, ObjectForms.Default.Secret);

    /// <summary>Requests for certificates.</summary>
    public static ApiResource<CertificateSigningRequest> CertificateSigningRequests { get; } = new(
        "certificates.k8s.io",
        "v1",
        "certificatesigningrequests",
        "CertificateSigningRequest",
        false,
        ObjectForms.Default.CertificateSigningRequest);
}

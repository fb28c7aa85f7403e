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
    /// <summary>Services.</summary>
    public static ApiResource<Service> Services { get; } = new("", "v1", "services", "Service", true, ObjectForms.Default.Service);

    /// <summary>Parts of where services lead.</summary>
    public static ApiResource<EndpointSlice> EndpointSlices { get; } =
        new("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice", true, ObjectForms.Default.EndpointSlice);

    /// <summary>Where services lead.</summary>
    public static ApiResource<Endpoints> Endpoints { get; } = new("", "v1", "endpoints", "Endpoints", true, ObjectForms.Default.Endpoints);

    /// <summary>Addresses that are taken.</summary>
    public static ApiResource<IpAddress> IpAddresses { get; } =
        new("networking.k8s.io", "v1", "ipaddresses", "IPAddress", false, ObjectForms.Default.IpAddress);

    /// <summary>Ranges of addresses of services.</summary>
    public static ApiResource<ServiceCidr> ServiceCidrs { get; } =
        new("networking.k8s.io", "v1", "servicecidrs", "ServiceCIDR", false, ObjectForms.Default.ServiceCidr);

    /// <summary>Ways from outside to services.</summary>
    public static ApiResource<Ingress> Ingresses { get; } =
        new("networking.k8s.io", "v1", "ingresses", "Ingress", true, ObjectForms.Default.Ingress);

    /// <summary>Kinds of ingresses.</summary>
    public static ApiResource<IngressClass> IngressClasses { get; } =
        new("networking.k8s.io", "v1", "ingressclasses", "IngressClass", false, ObjectForms.Default.IngressClass);

    /// <summary>Volumes.</summary>
    public static ApiResource<PersistentVolume> PersistentVolumes { get; } =
        new("", "v1", "persistentvolumes", "PersistentVolume", false, ObjectForms.Default.PersistentVolume);

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
    public static ApiResource<StatefulSet> StatefulSets { get; } = new("apps", "v1", "statefulsets", "StatefulSet", true, ObjectForms.Default.StatefulSet);
    /// <summary>Cron jobs.</summary>
    public static ApiResource<CronJob> CronJobs { get; } = new("batch", "v1", "cronjobs", "CronJob", true, ObjectForms.Default.CronJob);

    /// <summary>Disruption budgets.</summary>
    public static ApiResource<PodDisruptionBudget> DisruptionBudgets { get; } = new(
        "policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", true, ObjectForms.Default.PodDisruptionBudget);

    /// <summary>Autoscalers.</summary>
    public static ApiResource<HorizontalPodAutoscaler> HorizontalPodAutoscalers { get; } = new(
        "autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler", true, ObjectForms.Default.HorizontalPodAutoscaler);

    /// <summary>Quotas.</summary>
    public static ApiResource<ResourceQuota> ResourceQuotas { get; } = new(
        "", "v1", "resourcequotas", "ResourceQuota", true, ObjectForms.Default.ResourceQuota);

    /// <summary>Jobs.</summary>
    public static ApiResource<Job> Jobs { get; } = new("batch", "v1", "jobs", "Job", true, ObjectForms.Default.Job);

    /// <summary>Classes of storage.</summary>
    public static ApiResource<StorageClass> StorageClasses { get; } =
        new("storage.k8s.io", "v1", "storageclasses", "StorageClass", false, ObjectForms.Default.StorageClass);

    /// <summary>Events.</summary>
    public static ApiResource Events { get; } = new("", "v1", "events", "Event", true);

    /// <summary>Leases.</summary>
    public static ApiResource<Lease> Leases { get; } =
        new("coordination.k8s.io", "v1", "leases", "Lease", true, ObjectForms.Default.Lease);

    /// <summary>Namespaces.</summary>
    public static ApiResource<Namespace> Namespaces { get; } = new("", "v1", "namespaces", "Namespace", false, ObjectForms.Default.Namespace);

    /// <summary>Network policies.</summary>
    public static ApiResource<NetworkPolicy> NetworkPolicies { get; } =
        new("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", true, ObjectForms.Default.NetworkPolicy);

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

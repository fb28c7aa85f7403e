using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Kubelet.Kinds;

/// <summary>A pod as its node sees it: core/v1 Pod. Never changed once it is read.</summary>
internal sealed class PodManifest : KubernetesObject
{
    public PodManifestSpec Spec { get; set; } = new();

    /// <summary>The status that the API has of it; null: none.</summary>
    public JsonObject? Status { get; set; }

    /// <summary>The uid: what the pod is known by on its node.</summary>
    [JsonIgnore]
    public string Uid => Metadata.Uid;
}

/// <summary>What is wanted of a pod.</summary>
internal sealed class PodManifestSpec
{
    public string NodeName { get; set; } = "";

    public ContainerManifest[] InitContainers { get => field ?? []; set; }

    public ContainerManifest[] Containers { get => field ?? []; set; }

    public ContainerManifest[] EphemeralContainers { get => field ?? []; set; }

    public VolumeManifest[] Volumes { get => field ?? []; set; }

    /// <summary>Always (also if empty), OnFailure or Never.</summary>
    public string RestartPolicy { get; set; } = "Always";

    public long? TerminationGracePeriodSeconds { get; set; }

    public long? ActiveDeadlineSeconds { get; set; }

    /// <summary>ClusterFirst, ClusterFirstWithHostNet, Default or None.</summary>
    public string DnsPolicy { get; set; } = "ClusterFirst";

    public DnsManifest? DnsConfig { get; set; }

    public string ServiceAccountName { get; set; } = "";

    public bool HostNetwork { get; set; }

    [JsonPropertyName("hostPID")]
    public bool HostPid { get; set; }

    [JsonPropertyName("hostIPC")]
    public bool HostIpc { get; set; }

    public bool? HostUsers { get; set; }

    public bool ShareProcessNamespace { get; set; }

    public PodSecurityManifest SecurityContext { get => field ?? new(); set; }

    public NameManifest[] ImagePullSecrets { get => field ?? []; set; }

    public string Hostname { get; set; } = "";

    public string Subdomain { get; set; } = "";

    [JsonPropertyName("setHostnameAsFQDN")]
    public bool SetHostnameAsFqdn { get; set; }

    public HostAliasManifest[] HostAliases { get => field ?? []; set; }

    public string RuntimeClassName { get; set; } = "";

    public bool? EnableServiceLinks { get; set; }

    public int Priority { get; set; }

    public string PriorityClassName { get; set; } = "";

    public ReadinessGateManifest[] ReadinessGates { get => field ?? []; set; }

    public Toleration[] Tolerations { get => field ?? []; set; }

    public Dictionary<string, string>? NodeSelector { get; set; }

    public Affinity? Affinity { get; set; }

    public Dictionary<string, Etcdish.Kubernetes.Quantity>? Overhead { get; set; }

    /// <summary>What the pod needs as a whole, if it says.</summary>
    public ResourceRequirements? Resources { get; set; }
}

/// <summary>A name.</summary>
internal sealed class NameManifest
{
    public string Name { get; set; } = "";
}

/// <summary>A condition that others write and that readiness waits for.</summary>
internal sealed class ReadinessGateManifest
{
    public string ConditionType { get; set; } = "";
}

/// <summary>Names of an address in the pod's hosts file.</summary>
internal sealed class HostAliasManifest
{
    public string Ip { get; set; } = "";

    public string[] Hostnames { get => field ?? []; set; }
}

/// <summary>What is added to the pod's resolver file.</summary>
internal sealed class DnsManifest
{
    public string[] Nameservers { get => field ?? []; set; }

    public string[] Searches { get => field ?? []; set; }

    public DnsOptionManifest[] Options { get => field ?? []; set; }
}

/// <summary>An option of the resolver file.</summary>
internal sealed class DnsOptionManifest
{
    public string Name { get; set; } = "";

    public string? Value { get; set; }
}

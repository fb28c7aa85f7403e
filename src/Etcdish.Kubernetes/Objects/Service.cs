using System.Text.Json.Serialization;

namespace Etcdish.Kubernetes.Objects;

/// <summary>A name and an address for a set of pods (core/v1 Service).</summary>
public sealed class Service : KubernetesObject
{
    /// <summary>What is wanted.</summary>
    public ServiceSpec Spec { get => field ??= new(); set; }

    /// <summary>What is there.</summary>
    public ServiceStatus Status { get => field ??= new(); set; }
}

/// <summary>What is wanted of a service.</summary>
public sealed class ServiceSpec
{
    /// <summary>ClusterIP, NodePort, LoadBalancer or ExternalName.</summary>
    public string Type { get; set; } = "";

    /// <summary>The labels of its pods; empty: somebody else says where it leads.</summary>
    public Dictionary<string, string> Selector { get => field ?? []; set; }

    /// <summary>Its ports.</summary>
    public ServicePort[] Ports { get => field ?? []; set; }

    /// <summary>Its first address; <c>None</c>: it has none and its name leads to the pods.</summary>
    [JsonPropertyName("clusterIP")]
    public string ClusterIp { get; set; } = "";

    /// <summary>Its addresses, one of each family.</summary>
    [JsonPropertyName("clusterIPs")]
    public string[] ClusterIps { get => field ?? []; set; }

    /// <summary>IPv4, IPv6 or both, the first being its primary one.</summary>
    public string[] IpFamilies { get => field ?? []; set; }

    /// <summary>Addresses outside of the cluster that lead to it, if something brings them to a node.</summary>
    [JsonPropertyName("externalIPs")]
    public string[] ExternalIps { get => field ?? []; set; }

    /// <summary>The name that an ExternalName stands for.</summary>
    public string ExternalName { get; set; } = "";

    /// <summary>ClientIP or None.</summary>
    public string SessionAffinity { get; set; } = "None";

    /// <summary>How long clients stay.</summary>
    public SessionAffinityConfig? SessionAffinityConfig { get; set; }

    /// <summary>Cluster or Local: where connections within the cluster may go.</summary>
    public string InternalTrafficPolicy { get; set; } = "Cluster";

    /// <summary>Cluster or Local: where connections from outside may go.</summary>
    public string ExternalTrafficPolicy { get; set; } = "Cluster";

    /// <summary>Who makes its load balancer; empty: the cluster's default.</summary>
    public string LoadBalancerClass { get; set; } = "";

    /// <summary>The address that its load balancer should have, if the user asks for one.</summary>
    [JsonPropertyName("loadBalancerIP")]
    public string LoadBalancerIp { get; set; } = "";

    /// <summary>Who may use its load balancer, in CIDR notation; none: everybody.</summary>
    public string[] LoadBalancerSourceRanges { get => field ?? []; set; }

    /// <summary>Whether pods are told of that are not ready.</summary>
    public bool PublishNotReadyAddresses { get; set; }

    /// <summary>The port of nodes by which a load balancer asks whether one has pods, or 0.</summary>
    public int HealthCheckNodePort { get; set; }

    /// <summary>PreferClose, PreferSameZone or PreferSameNode; empty: no preference.</summary>
    public string TrafficDistribution { get; set; } = "";

    /// <summary>Whether it has an address of the cluster.</summary>
    [JsonIgnore]
    public bool HasClusterIp => ClusterIp.Length > 0 && ClusterIp != "None";
}

/// <summary>How sessions of clients are kept.</summary>
public sealed class SessionAffinityConfig
{
    /// <summary>By the client's address.</summary>
    [JsonPropertyName("clientIP")]
    public ClientIpConfig? ClientIp { get; set; }
}

/// <summary>How sessions are kept by the client's address.</summary>
public sealed class ClientIpConfig
{
    /// <summary>For how many seconds after its last connection.</summary>
    public int? TimeoutSeconds { get; set; }
}

/// <summary>A port of a service.</summary>
public sealed class ServicePort
{
    /// <summary>Its name; may be empty if it is the only one.</summary>
    public string Name { get; set; } = "";

    /// <summary>TCP, UDP or SCTP.</summary>
    public string Protocol { get; set; } = "TCP";

    /// <summary>What is spoken there, if the author says so.</summary>
    public string AppProtocol { get; set; } = "";

    /// <summary>The port of the service.</summary>
    public int Port { get; set; }

    /// <summary>The port of the pods, or the name of one.</summary>
    public IntOrString TargetPort { get; set; }

    /// <summary>The port of the nodes, or 0.</summary>
    public int NodePort { get; set; }
}

/// <summary>What is there of a service.</summary>
public sealed class ServiceStatus
{
    /// <summary>Its conditions.</summary>
    public Condition[] Conditions { get => field ?? []; set; }

    /// <summary>Its load balancer.</summary>
    public LoadBalancerStatus LoadBalancer { get => field ??= new(); set; }
}

/// <summary>What a load balancer has got.</summary>
public sealed class LoadBalancerStatus
{
    /// <summary>Where it takes connections.</summary>
    public LoadBalancerIngress[] Ingress { get => field ?? []; set; }
}

/// <summary>A place where a load balancer takes connections.</summary>
public sealed class LoadBalancerIngress
{
    /// <summary>Its address, or empty.</summary>
    public string Ip { get; set; } = "";

    /// <summary>Its name, or empty.</summary>
    public string Hostname { get; set; } = "";

    /// <summary>VIP: packets come with this address; Proxy: with the node's or pod's.</summary>
    public string IpMode { get; set; } = "VIP";
}

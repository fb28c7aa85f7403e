namespace Etcdish.Kubernetes.Objects;

/// <summary>Who may speak with pods (networking.k8s.io/v1 NetworkPolicy).</summary>
public sealed class NetworkPolicy : KubernetesObject
{
    /// <summary>What is wanted.</summary>
    public NetworkPolicySpec Spec { get => field ??= new(); set; }
}

/// <summary>What a policy wants.</summary>
public sealed class NetworkPolicySpec
{
    /// <summary>The pods of its namespace that it is for.</summary>
    public LabelSelector PodSelector { get; set; } = LabelSelector.Everything;

    /// <summary>What may reach them; counts if <see cref="IsIngress"/>.</summary>
    public NetworkPolicyIngressRule[] Ingress { get => field ?? []; set; }

    /// <summary>What they may reach; counts if <see cref="IsEgress"/>.</summary>
    public NetworkPolicyEgressRule[] Egress { get => field ?? []; set; }

    /// <summary>Ingress, Egress or both; none: see <see cref="IsIngress"/> and <see cref="IsEgress"/>.</summary>
    public string[] PolicyTypes { get => field ?? []; set; }

    /// <summary>Whether nothing reaches the pods but what a policy allows; so too if no type is named.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsIngress => PolicyTypes.Length == 0 || PolicyTypes.Contains("Ingress");

    /// <summary>Whether the pods reach nothing but what a policy allows; so too if no type is named and there are rules for it.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsEgress => PolicyTypes.Length == 0 ? Egress.Length > 0 : PolicyTypes.Contains("Egress");
}

/// <summary>What may reach pods.</summary>
public sealed class NetworkPolicyIngressRule
{
    /// <summary>At which ports; none: at all.</summary>
    public NetworkPolicyPort[] Ports { get => field ?? []; set; }

    /// <summary>From where; none: from everywhere.</summary>
    public NetworkPolicyPeer[] From { get => field ?? []; set; }
}

/// <summary>What pods may reach.</summary>
public sealed class NetworkPolicyEgressRule
{
    /// <summary>At which ports; none: at all.</summary>
    public NetworkPolicyPort[] Ports { get => field ?? []; set; }

    /// <summary>Where; none: everywhere.</summary>
    public NetworkPolicyPeer[] To { get => field ?? []; set; }
}

/// <summary>A port, or a range of them.</summary>
public sealed class NetworkPolicyPort
{
    /// <summary>TCP, UDP or SCTP.</summary>
    public string Protocol { get; set; } = "TCP";

    /// <summary>The port, by number, or by the name that the pod reached has for it; none: all ports.</summary>
    public IntOrString? Port { get; set; }

    /// <summary>The last port of a range that begins with <see cref="Port"/>.</summary>
    public int? EndPort { get; set; }
}

/// <summary>The other end: pods, or addresses.</summary>
public sealed class NetworkPolicyPeer
{
    /// <summary>Pods with such labels; none: all, if there is a selector of namespaces.</summary>
    public LabelSelector? PodSelector { get; set; }

    /// <summary>In namespaces with such labels; none: in the policy's own.</summary>
    public LabelSelector? NamespaceSelector { get; set; }

    /// <summary>Addresses.</summary>
    public IpBlock? IpBlock { get; set; }
}

/// <summary>A range of addresses without some.</summary>
public sealed class IpBlock
{
    /// <summary>The range.</summary>
    public string Cidr { get; set; } = "";

    /// <summary>Ranges within it that do not belong.</summary>
    public string[] Except { get => field ?? []; set; }
}

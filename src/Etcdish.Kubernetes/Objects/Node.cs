namespace Etcdish.Kubernetes.Objects;

/// <summary>A node (core/v1 Node).</summary>
public sealed class Node : KubernetesObject
{
    /// <summary>What is wanted.</summary>
    public NodeSpec Spec { get => field ??= new(); set; }

    /// <summary>What is there.</summary>
    public NodeStatus Status { get => field ??= new(); set; }
}

/// <summary>What is wanted of a node.</summary>
public sealed class NodeSpec
{
    /// <summary>Whether new pods are kept away.</summary>
    public bool Unschedulable { get; set; }

    /// <summary>What pods must tolerate.</summary>
    public Taint[] Taints { get => field ?? []; set; }

    /// <summary>The range of its pods' addresses.</summary>
    [System.Text.Json.Serialization.JsonPropertyName("podCIDR")]
    public string PodCidr { get; set; } = "";

    /// <summary>The ranges of its pods' addresses, one of each family.</summary>
    [System.Text.Json.Serialization.JsonPropertyName("podCIDRs")]
    public string[] PodCidrs { get => field ?? []; set; }

    /// <summary>Who it is for its provider.</summary>
    [System.Text.Json.Serialization.JsonPropertyName("providerID")]
    public string ProviderId { get; set; } = "";
}

/// <summary>A taint.</summary>
public sealed class Taint
{
    /// <summary>Its key.</summary>
    public string Key { get; set; } = "";

    /// <summary>Its value.</summary>
    public string Value { get; set; } = "";

    /// <summary>NoSchedule, PreferNoSchedule or NoExecute.</summary>
    public string Effect { get; set; } = "";

    /// <summary>When it was added.</summary>
    public DateTimeOffset? TimeAdded { get; set; }
}

/// <summary>What is there of a node.</summary>
public sealed class NodeStatus
{
    /// <summary>All that it has.</summary>
    public Dictionary<string, Quantity> Capacity { get => field ?? []; set; }

    /// <summary>What pods may use of it.</summary>
    public Dictionary<string, Quantity> Allocatable { get => field ?? []; set; }

    /// <summary>Its conditions.</summary>
    public Condition[] Conditions { get => field ?? []; set; }

    /// <summary>Its addresses.</summary>
    public NodeAddress[] Addresses { get => field ?? []; set; }

    /// <summary>The images that it has.</summary>
    public NodeImage[] Images { get => field ?? []; set; }

    /// <summary>The condition of a type, or null.</summary>
    public Condition? Find(string type) => Condition.Find(Conditions, type);
}

/// <summary>An address of a node.</summary>
public sealed class NodeAddress
{
    /// <summary>InternalIP, Hostname and the like.</summary>
    public string Type { get; set; } = "";

    /// <summary>The address.</summary>
    public string Address { get; set; } = "";
}

/// <summary>An image that a node has.</summary>
public sealed class NodeImage
{
    /// <summary>Its names.</summary>
    public string[] Names { get => field ?? []; set; }

    /// <summary>Its size.</summary>
    public long SizeBytes { get; set; }
}

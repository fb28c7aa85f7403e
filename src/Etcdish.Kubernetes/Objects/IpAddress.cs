namespace Etcdish.Kubernetes.Objects;

/// <summary>An address that is taken (networking.k8s.io/v1 IPAddress); its name is the address.</summary>
public sealed class IpAddress : KubernetesObject
{
    /// <summary>Who has it.</summary>
    public IpAddressSpec Spec { get => field ??= new(); set; }
}

/// <summary>Who has an address.</summary>
public sealed class IpAddressSpec
{
    /// <summary>The object that has it.</summary>
    public ParentReference ParentRef { get => field ??= new(); set; }
}

/// <summary>A reference to an object by its resource.</summary>
public sealed class ParentReference
{
    /// <summary>The group; empty for the core.</summary>
    public string Group { get; set; } = "";

    /// <summary>The plural name of the resource.</summary>
    public string Resource { get; set; } = "";

    /// <summary>The namespace.</summary>
    public string Namespace { get; set; } = "";

    /// <summary>The name.</summary>
    public string Name { get; set; } = "";
}

/// <summary>Ranges of addresses that services may have (networking.k8s.io/v1 ServiceCIDR).</summary>
public sealed class ServiceCidr : KubernetesObject
{
    /// <summary>The ranges.</summary>
    public ServiceCidrSpec Spec { get => field ??= new(); set; }
}

/// <summary>Ranges of addresses.</summary>
public sealed class ServiceCidrSpec
{
    /// <summary>The ranges, such as 10.96.0.0/16.</summary>
    public string[] Cidrs { get => field ?? []; set; }
}

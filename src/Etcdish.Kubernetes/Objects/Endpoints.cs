namespace Etcdish.Kubernetes.Objects;

/// <summary>Where a service leads, in one object (core/v1 Endpoints; slices have replaced it).</summary>
public sealed class Endpoints : KubernetesObject
{
    /// <summary>Addresses, by their ports.</summary>
    public EndpointSubset[] Subsets { get => field ?? []; set; }
}

/// <summary>Addresses with the same ports.</summary>
public sealed class EndpointSubset
{
    /// <summary>Those that are ready.</summary>
    public EndpointAddress[] Addresses { get => field ?? []; set; }

    /// <summary>Those that are not.</summary>
    public EndpointAddress[] NotReadyAddresses { get => field ?? []; set; }

    /// <summary>The ports.</summary>
    public EndpointPort[] Ports { get => field ?? []; set; }
}

/// <summary>An address where a service leads.</summary>
public sealed class EndpointAddress
{
    /// <summary>The address.</summary>
    public string Ip { get; set; } = "";

    /// <summary>Its name within the service.</summary>
    public string Hostname { get; set; } = "";

    /// <summary>The node it is on.</summary>
    public string NodeName { get; set; } = "";

    /// <summary>What it is, such as a pod.</summary>
    public ObjectReference? TargetRef { get; set; }
}

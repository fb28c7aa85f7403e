namespace Etcdish.Kubernetes.Objects;

/// <summary>A part of where a service leads (discovery.k8s.io/v1 EndpointSlice).</summary>
public sealed class EndpointSlice : KubernetesObject
{
    /// <summary>IPv4, IPv6 or FQDN.</summary>
    public string AddressType { get; set; } = "";

    /// <summary>Where it leads.</summary>
    public Endpoint[] Endpoints { get => field ?? []; set; }

    /// <summary>The ports, the same at all endpoints.</summary>
    public EndpointPort[] Ports { get => field ?? []; set; }
}

/// <summary>One of the places where a service leads.</summary>
public sealed class Endpoint
{
    /// <summary>Its addresses; they are the same place.</summary>
    public string[] Addresses { get => field ?? []; set; }

    /// <summary>How it is.</summary>
    public EndpointConditions Conditions { get => field ??= new(); set; }

    /// <summary>Its name within the service.</summary>
    public string Hostname { get; set; } = "";

    /// <summary>What it is, such as a pod.</summary>
    public ObjectReference? TargetRef { get; set; }

    /// <summary>The node it is on.</summary>
    public string NodeName { get; set; } = "";

    /// <summary>The zone it is in.</summary>
    public string Zone { get; set; } = "";

    /// <summary>Who should come here.</summary>
    public EndpointHints? Hints { get; set; }
}

/// <summary>How an endpoint is; what nobody has said is null.</summary>
public sealed class EndpointConditions
{
    /// <summary>Whether it is to get traffic.</summary>
    public bool? Ready { get; set; }

    /// <summary>Whether it would serve, ending or not.</summary>
    public bool? Serving { get; set; }

    /// <summary>Whether it is ending.</summary>
    public bool? Terminating { get; set; }
}

/// <summary>Who should come to an endpoint.</summary>
public sealed class EndpointHints
{
    /// <summary>Those in these zones.</summary>
    public EndpointHint[] ForZones { get => field ?? []; set; }

    /// <summary>Those on these nodes.</summary>
    public EndpointHint[] ForNodes { get => field ?? []; set; }
}

/// <summary>A zone or a node.</summary>
public sealed class EndpointHint
{
    /// <summary>Its name.</summary>
    public string Name { get; set; } = "";
}

/// <summary>A port of endpoints (of slices and of Endpoints).</summary>
public sealed class EndpointPort
{
    /// <summary>The name of the service's port.</summary>
    public string Name { get; set; } = "";

    /// <summary>TCP, UDP or SCTP.</summary>
    public string Protocol { get; set; } = "TCP";

    /// <summary>The port; null: all.</summary>
    public int? Port { get; set; }

    /// <summary>What is spoken there, if the service says so.</summary>
    public string AppProtocol { get; set; } = "";
}

namespace Etcdish.Kubernetes.Objects;

/// <summary>Which requests from outside lead to which services (networking.k8s.io/v1 Ingress).</summary>
public sealed class Ingress : KubernetesObject
{
    /// <summary>What is wanted.</summary>
    public IngressSpec Spec { get => field ??= new(); set; }

    /// <summary>What is there.</summary>
    public IngressStatus Status { get => field ??= new(); set; }
}

/// <summary>What is wanted of an ingress.</summary>
public sealed class IngressSpec
{
    /// <summary>Its class; empty: that of the annotation, or the default one.</summary>
    public string IngressClassName { get; set; } = "";

    /// <summary>Where requests lead that no rule takes.</summary>
    public IngressBackend? DefaultBackend { get; set; }

    /// <summary>The certificates of its hosts.</summary>
    public IngressTls[] Tls { get => field ?? []; set; }

    /// <summary>Its rules.</summary>
    public IngressRule[] Rules { get => field ?? []; set; }
}

/// <summary>A certificate and the hosts that show it.</summary>
public sealed class IngressTls
{
    /// <summary>The hosts; none: those of the rules.</summary>
    public string[] Hosts { get => field ?? []; set; }

    /// <summary>The secret that holds it, in the ingress's namespace; empty: the controller's own.</summary>
    public string SecretName { get; set; } = "";
}

/// <summary>The paths of a host.</summary>
public sealed class IngressRule
{
    /// <summary>The host, perhaps with <c>*</c> as its first label; empty: all.</summary>
    public string Host { get; set; } = "";

    /// <summary>The paths.</summary>
    public HttpIngressRule? Http { get; set; }
}

/// <summary>Paths.</summary>
public sealed class HttpIngressRule
{
    /// <summary>The paths.</summary>
    public HttpIngressPath[] Paths { get => field ?? []; set; }
}

/// <summary>A path and where it leads.</summary>
public sealed class HttpIngressPath
{
    /// <summary>The path; empty: all.</summary>
    public string Path { get; set; } = "";

    /// <summary>Exact, Prefix or ImplementationSpecific.</summary>
    public string PathType { get; set; } = "";

    /// <summary>Where it leads.</summary>
    public IngressBackend Backend { get => field ??= new(); set; }
}

/// <summary>Where requests lead: a service, or something else that a controller may know.</summary>
public sealed class IngressBackend
{
    /// <summary>The service.</summary>
    public IngressServiceBackend? Service { get; set; }
}

/// <summary>A service of the ingress's namespace.</summary>
public sealed class IngressServiceBackend
{
    /// <summary>Its name.</summary>
    public string Name { get; set; } = "";

    /// <summary>Its port.</summary>
    public ServiceBackendPort Port { get => field ??= new(); set; }
}

/// <summary>A port of a service, by name or by number.</summary>
public sealed class ServiceBackendPort
{
    /// <summary>The name, or empty.</summary>
    public string Name { get; set; } = "";

    /// <summary>The number, or 0.</summary>
    public int Number { get; set; }
}

/// <summary>What is there of an ingress.</summary>
public sealed class IngressStatus
{
    /// <summary>Where it takes requests.</summary>
    public LoadBalancerStatus LoadBalancer { get => field ??= new(); set; }
}

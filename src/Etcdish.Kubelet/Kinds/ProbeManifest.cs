using Etcdish.Kubernetes;

namespace Etcdish.Kubelet.Kinds;

/// <summary>How to tell whether a container is well. Times in seconds.</summary>
internal sealed class ProbeManifest
{
    public ExecManifest? Exec { get; set; }

    public HttpGetManifest? HttpGet { get; set; }

    public TcpSocketManifest? TcpSocket { get; set; }

    public GrpcManifest? Grpc { get; set; }

    public int InitialDelaySeconds { get; set; }

    public int TimeoutSeconds { get; set; } = 1;

    public int PeriodSeconds { get; set; } = 10;

    public int SuccessThreshold { get; set; } = 1;

    public int FailureThreshold { get; set; } = 3;

    /// <summary>What the container has to end if this probe kills it; null: the pod's.</summary>
    public long? TerminationGracePeriodSeconds { get; set; }
}

/// <summary>What is done as a container has started and before it ends.</summary>
internal sealed class LifecycleManifest
{
    public HandlerManifest? PostStart { get; set; }

    public HandlerManifest? PreStop { get; set; }

    /// <summary>The signal that ends it, such as SIGUSR1; empty: the image's, else SIGTERM.</summary>
    public string StopSignal { get; set; } = "";
}

/// <summary>What a hook does: the one that is set.</summary>
internal sealed class HandlerManifest
{
    public ExecManifest? Exec { get; set; }

    public HttpGetManifest? HttpGet { get; set; }

    public TcpSocketManifest? TcpSocket { get; set; }

    public SleepManifest? Sleep { get; set; }
}

/// <summary>A command in the container.</summary>
internal sealed class ExecManifest
{
    public string[] Command { get => field ?? []; set; }
}

/// <summary>A request.</summary>
internal sealed class HttpGetManifest
{
    public string Path { get; set; } = "";

    /// <summary>Number or name of the port.</summary>
    public IntOrString Port { get; set; }

    /// <summary>Empty: the pod's address.</summary>
    public string Host { get; set; } = "";

    /// <summary>HTTP (also if empty) or HTTPS.</summary>
    public string Scheme { get; set; } = "";

    public HttpHeaderManifest[] HttpHeaders { get => field ?? []; set; }
}

/// <summary>A header of a request.</summary>
internal sealed class HttpHeaderManifest
{
    public string Name { get; set; } = "";

    public string Value { get; set; } = "";
}

/// <summary>A connection.</summary>
internal sealed class TcpSocketManifest
{
    public IntOrString Port { get; set; }

    public string Host { get; set; } = "";
}

/// <summary>A call of grpc.health.v1.Health.</summary>
internal sealed class GrpcManifest
{
    public int Port { get; set; }

    public string? Service { get; set; }
}

/// <summary>A pause.</summary>
internal sealed class SleepManifest
{
    public long Seconds { get; set; }
}

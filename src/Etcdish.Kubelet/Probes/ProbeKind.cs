namespace Etcdish.Kubelet.Probes;

/// <summary>What a probe is for. Names are as events and metrics have them.</summary>
internal enum ProbeKind
{
    /// <summary>Whether the container has started: until then the others wait.</summary>
    Startup,

    /// <summary>Whether it is to be killed.</summary>
    Liveness,

    /// <summary>Whether it gets work.</summary>
    Readiness,
}

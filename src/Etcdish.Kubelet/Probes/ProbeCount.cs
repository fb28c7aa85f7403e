namespace Etcdish.Kubelet.Probes;

/// <summary>How often a probe of a running container came to a result: a line of the metric <c>prober_probe_total</c>.</summary>
/// <param name="Namespace">The pod's namespace.</param>
/// <param name="Pod">The pod's name.</param>
/// <param name="PodUid">The pod's uid.</param>
/// <param name="Container">The container.</param>
/// <param name="ProbeType">Startup, Liveness or Readiness.</param>
/// <param name="Result">successful, failed or unknown.</param>
/// <param name="Count">How often.</param>
internal readonly record struct ProbeCount(
    string Namespace, string Pod, string PodUid, string Container, string ProbeType, string Result, long Count);

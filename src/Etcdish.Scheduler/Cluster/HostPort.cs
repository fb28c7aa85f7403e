namespace Etcdish.Scheduler.Cluster;

/// <summary>A port of a node that a pod takes.</summary>
/// <param name="Address">The node's address it is bound to; <c>0.0.0.0</c>: all.</param>
/// <param name="Protocol">TCP, UDP or SCTP.</param>
/// <param name="Port">The port.</param>
internal readonly record struct HostPort(string Address, string Protocol, int Port)
{
    private const string All = "0.0.0.0";

    public static HostPort Of(Kubernetes.Objects.ContainerPort port) =>
        new(port.HostIp.Length == 0 ? All : port.HostIp, port.Protocol.Length == 0 ? "TCP" : port.Protocol, port.HostPort);

    /// <summary>Whether both cannot be on one node.</summary>
    public bool Conflicts(HostPort other) =>
        Port == other.Port && Protocol == other.Protocol && (Address == other.Address || Address == All || other.Address == All);
}

namespace Etcdish.Network.Routes;

/// <summary>How containers get into the network of their node.</summary>
public sealed record CniConfigOptions
{
    /// <summary>This node.</summary>
    public required string NodeName { get; init; }

    /// <summary>Where the container runtime looks for configurations.</summary>
    public string ConfigFolder { get; init; } = "/etc/cni/net.d";

    /// <summary>Where the container runtime looks for plugins.</summary>
    public string BinFolder { get; init; } = "/opt/cni/bin";

    /// <summary>The bridge that pods are on.</summary>
    public string Bridge { get; init; } = "cni0";

    /// <summary>
    /// The largest packet of pods, in bytes, until somebody says otherwise (<see cref="CniConfig.SetMtu"/>); 0: what the bridge has.
    /// </summary>
    public int Mtu { get; init; }
}

using Etcdish.Kubelet.Runtime;

namespace Etcdish.Kubelet.Processes.Networks;

/// <summary>
/// A pod in its network, with all that is needed to take it out again, by whatever process, after whatever has become of the configuration:
/// it lies in the sandbox's folder before anything is made.
/// </summary>
internal sealed record PodAttachment
{
    /// <summary>The sandbox's id, by which plugins know the pod.</summary>
    public required string ContainerId { get; init; }

    /// <summary>Whose it is, which plugins may want to know.</summary>
    public required PodIdentity Pod { get; init; }

    /// <summary>The file that keeps the network namespace.</summary>
    public required string Namespace { get; init; }

    /// <summary>The configuration by which it was made.</summary>
    public required string Configuration { get; init; }

    /// <summary>Where the plugins are.</summary>
    public required string PluginFolder { get; init; }

    /// <summary>Ports of the node that lead to the pod.</summary>
    public IReadOnlyList<PortSettings> Ports { get; init; } = [];

    /// <summary>What the last plugin said when all had added; empty: they have not.</summary>
    public string Result { get; init; } = "";

    /// <summary>The pod's addresses; still known when they are the pod's no more.</summary>
    public IReadOnlyList<string> Addresses { get; init; } = [];

    /// <summary>Whether all is given back.</summary>
    public bool IsReleased { get; init; }
}

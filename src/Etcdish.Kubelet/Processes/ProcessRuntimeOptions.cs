using Etcdish.Kubelet.Processes.Networks;

namespace Etcdish.Kubelet.Processes;

/// <summary>What the process runtime is told.</summary>
internal sealed record ProcessRuntimeOptions
{
    /// <summary>Where it keeps what belongs to sandboxes and containers. Of one runtime at a time.</summary>
    public required string Folder { get; init; }

    /// <summary>The node's addresses, which are those of every pod that has no network of its own.</summary>
    public IReadOnlyList<string> Addresses { get; init; } = [];

    /// <summary>What gives pods networks of their own; null: they have the node's.</summary>
    public PodNetworks? Networks { get; init; }

    /// <summary>Where the machine's control groups are mounted.</summary>
    public string CgroupRoot { get; init; } = "/sys/fs/cgroup";

    /// <summary>The group above those of containers whose pod has none.</summary>
    public string CgroupTop { get; init; } = "/etcdish";

    /// <summary>
    /// Whether containers get mount namespaces and users of their own, which needs root. Without, volumes are links in the container's
    /// directory.
    /// </summary>
    public bool IsPrivileged { get; init; } = Environment.IsPrivilegedProcess;
}

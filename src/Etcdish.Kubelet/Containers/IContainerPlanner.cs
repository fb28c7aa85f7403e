using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Runtime;
using Etcdish.Kubelet.Volumes;

namespace Etcdish.Kubelet.Containers;

/// <summary>
/// Makes of what a pod says what its runtime is told: environment, mounts, users, limits, resolver and hosts files. Safe for use by many
/// threads.
/// </summary>
internal interface IContainerPlanner
{
    /// <summary>A sandbox. Makes the directory of its logs.</summary>
    /// <exception cref="ContainerConfigException">The pod says what cannot be.</exception>
    Task<SandboxSettings> PlanSandboxAsync(PodManifest pod, int attempt, CancellationToken cancellation);

    /// <summary>A container. Writes the files that it sees and that are no volumes: hosts, termination message.</summary>
    /// <exception cref="ContainerConfigException">The pod says what cannot be, or names what is not there.</exception>
    Task<ContainerSettings> PlanContainerAsync(ContainerPlan plan, CancellationToken cancellation);

    /// <summary>The limits that a container is to have, also when they change while it runs.</summary>
    ResourceSettings LimitsOf(PodManifest pod, ContainerManifest container);
}

/// <summary>What is known when a container is about to be made.</summary>
internal sealed record ContainerPlan
{
    public required PodManifest Pod { get; init; }

    public required ContainerManifest Container { get; init; }

    public int Attempt { get; init; }

    public required ImageState Image { get; init; }

    public required IReadOnlyDictionary<string, VolumePlace> Volumes { get; init; }

    /// <summary>The pod's addresses, as its sandbox has them.</summary>
    public required IReadOnlyList<string> PodAddresses { get; init; }

    /// <summary>Of an ephemeral container: the id of the container whose processes it sees; empty: none.</summary>
    public string TargetContainerId { get; init; } = "";
}

/// <summary>A container that cannot be made as its pod says.</summary>
/// <param name="message">What is wrong, for the pod's owner.</param>
/// <param name="reason">CreateContainerConfigError, or a reason of its own.</param>
internal sealed class ContainerConfigException(string message, string reason = "CreateContainerConfigError") : Exception(message)
{
    /// <summary>The reason that the container waits for.</summary>
    public string Reason { get; } = reason;
}

using Etcdish.Kubelet.Kinds;

namespace Etcdish.Kubelet.Cgroups;

/// <summary>
/// The control groups of pods, above those of their containers: made before a pod's sandbox, removed after it. Safe for use by many threads,
/// but for one pod by one at a time.
/// </summary>
internal interface IPodCgroups
{
    /// <summary>Makes a pod's group with the weights and limits that the pod says, if it is not there; may be called again at any time.</summary>
    /// <returns>What the sandbox's CgroupParent is; empty: the runtime chooses.</returns>
    /// <exception cref="IOException">The kernel refuses.</exception>
    string Ensure(PodManifest pod);

    /// <summary>Gives a pod's group the weights and limits that the pod says now.</summary>
    /// <exception cref="IOException">The kernel refuses, such as a limit of memory below what is used.</exception>
    void Update(PodManifest pod);

    /// <summary>Ends what still runs in a pod's group and removes it, also if it was made before a restart. Completes when it is gone.</summary>
    /// <exception cref="IOException">It does not go; the caller tries again later.</exception>
    Task RemoveAsync(string uid, CancellationToken cancellation);

    /// <summary>The uids of all pods that have a group here, whoever made it.</summary>
    IReadOnlyList<string> ListPods();
}

/// <summary>None, where they cannot be made: limits are then only those of containers.</summary>
internal sealed class NoCgroups : IPodCgroups
{
    /// <inheritdoc/>
    public string Ensure(PodManifest pod) => "";

    /// <inheritdoc/>
    public void Update(PodManifest pod)
    {
    }

    /// <inheritdoc/>
    public Task RemoveAsync(string uid, CancellationToken cancellation) => Task.CompletedTask;

    /// <inheritdoc/>
    public IReadOnlyList<string> ListPods() => [];
}

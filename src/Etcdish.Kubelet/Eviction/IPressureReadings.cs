using Etcdish.Kubelet.Kinds;

namespace Etcdish.Kubelet.Eviction;

/// <summary>What evictions are decided by.</summary>
internal interface IPressureReadings
{
    /// <summary>What is left of what the node has, by signal; what cannot be measured is missing.</summary>
    Task<IReadOnlyDictionary<string, Observation>> ReadNodeAsync(CancellationToken cancellation);

    /// <summary>What pods use, by uid; a pod of which nothing is known is missing.</summary>
    /// <param name="pods">Which pods.</param>
    /// <param name="withDisk">Whether their files are measured, too, which takes long where there are many.</param>
    /// <param name="cancellation">Ends it.</param>
    Task<IReadOnlyDictionary<string, PodUsage>> ReadPodsAsync(
        IReadOnlyList<PodManifest> pods, bool withDisk, CancellationToken cancellation);
}

/// <summary>What a pod uses.</summary>
internal sealed record PodUsage
{
    /// <summary>Memory that cannot be taken away, by container, in bytes.</summary>
    public IReadOnlyDictionary<string, long> Memory { get; init; } = new Dictionary<string, long>();

    /// <summary>What containers wrote into their own file systems and logs, in bytes.</summary>
    public IReadOnlyDictionary<string, long> Disk { get; init; } = new Dictionary<string, long>();

    /// <summary>What lies in volumes on the node's disk that are the pod's own, in bytes.</summary>
    public IReadOnlyDictionary<string, long> Volumes { get; init; } = new Dictionary<string, long>();

    /// <summary>What is used of a resource.</summary>
    public long Of(string resource) => resource switch
    {
        "memory" => Memory.Values.Sum(),
        "ephemeral-storage" => Disk.Values.Sum() + Volumes.Values.Sum(),
        _ => 0,
    };
}

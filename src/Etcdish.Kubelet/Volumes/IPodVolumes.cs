using Etcdish.Kubelet.Kinds;

namespace Etcdish.Kubelet.Volumes;

/// <summary>Makes pods' volumes, keeps those up to date that show objects, and takes them away. Safe for use by many threads.</summary>
internal interface IPodVolumes
{
    /// <summary>
    /// Makes all volumes of a pod that its containers use, as far as they are not there, and keeps them up to date from then on. To be called
    /// again when the pod has changed (its labels may be shown in files); may be called at any time, also after a restart, when what is
    /// there is taken over.
    /// </summary>
    /// <returns>The path of each volume on the node, by name.</returns>
    /// <exception cref="VolumeException">One cannot be had now; the caller tries again later.</exception>
    Task<IReadOnlyDictionary<string, VolumePlace>> EnsureAsync(PodManifest pod, CancellationToken cancellation);

    /// <summary>
    /// Takes away all volumes of a pod whose containers have ended, with all else that lies in its folder and by what lies there, so also
    /// after a restart. Nothing of a persistent volume or of the host is deleted. Completes when nothing is left.
    /// </summary>
    /// <exception cref="VolumeException">One is in use; the caller tries again later.</exception>
    Task RemoveAsync(string uid, CancellationToken cancellation);

    /// <summary>The uids of all pods of which something lies here.</summary>
    IReadOnlyList<string> ListPods();

    /// <summary>What those volumes of a pod take that live in its folder. Walks through all of them.</summary>
    IReadOnlyList<VolumeUsage> Measure(PodManifest pod);
}

/// <summary>Where a volume is on the node.</summary>
/// <param name="HostPath">A directory, file or block device.</param>
/// <param name="ReadOnly">Whether it is not to be written, whoever mounts it.</param>
internal readonly record struct VolumePlace(string HostPath, bool ReadOnly);

/// <summary>What a volume takes.</summary>
/// <param name="Name">Its name in the pod.</param>
/// <param name="HostPath">Where it is.</param>
/// <param name="UsedBytes">What is used of disk or memory.</param>
/// <param name="UsedInodes">How many files and folders it has.</param>
/// <param name="LimitBytes">An emptyDir's sizeLimit; null: none.</param>
/// <param name="IsMemory">Whether it is in memory, where its size is its file system's.</param>
internal sealed record VolumeUsage(string Name, string HostPath, long UsedBytes, long UsedInodes, long? LimitBytes, bool IsMemory);

/// <summary>A volume that cannot be made or taken away now.</summary>
/// <param name="reason">The reason of the event, such as FailedMount.</param>
/// <param name="message">What is wrong, for the pod's owner.</param>
/// <param name="inner">The failure beneath.</param>
internal sealed class VolumeException(string reason, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The reason of the event.</summary>
    public string Reason { get; } = reason;
}

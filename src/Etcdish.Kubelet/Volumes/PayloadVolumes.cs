using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Pods;

namespace Etcdish.Kubelet.Volumes;

/// <summary>Volumes that show objects of the API: config maps, secrets, projected ones and the pod itself.</summary>
/// <param name="folders">Where they are.</param>
/// <param name="source">What they show.</param>
/// <param name="memory">Keeps what is secret off the disk.</param>
/// <param name="clock">The clock.</param>
internal sealed class PayloadVolumes(PodFolders folders, PayloadSource source, EmptyDirs memory, TimeProvider clock)
{
    private static readonly TimeSpan _second = TimeSpan.FromSeconds(1);

    /// <summary>Whether a volume is one of these.</summary>
    public static bool IsOne(VolumeManifest volume) => PluginOf(volume) is not null;

    /// <summary>Where such a volume is.</summary>
    public string PathOf(string uid, VolumeManifest volume) => folders.Volume(uid, PluginOf(volume)!, volume.Name);

    /// <summary>Shows what is to be shown now.</summary>
    /// <returns>When that must be gathered anew whatever happens; null: never.</returns>
    /// <exception cref="VolumeException">Something of it is not to be had; what was shown is shown still.</exception>
    /// <exception cref="IOException">It cannot be written.</exception>
    public async Task<DateTimeOffset?> ShowAsync(PodManifest pod, VolumeManifest volume, CancellationToken cancellation)
    {
        var path = PathOf(pod.Uid, volume);
        if (!Directory.Exists(path))
        {
            Directory.CreateDirectory(path);
            File.SetUnixFileMode(path, (UnixFileMode)Modes.Everybody);
        }

        if (volume.ConfigMap is null)
        {
            memory.EnsureMemory(pod, path, default, isForDataOnly: true);
        }

        var (payload, refreshAt) = await source.GatherAsync(pod, volume, cancellation);
        if (FolderOf(pod, path).Show(payload) != PayloadChange.Replaced)
        {
            return refreshAt;
        }

        var tidyAt = clock.GetUtcNow() + PayloadFolder.Linger + _second;
        return refreshAt < tidyAt ? refreshAt : tidyAt;
    }

    /// <summary>Whether a volume shows something, be it of yesterday.</summary>
    public bool IsThere(PodManifest pod, VolumeManifest volume) => FolderOf(pod, PathOf(pod.Uid, volume)).IsThere;

    private PayloadFolder FolderOf(PodManifest pod, string path) =>
        new(path, Environment.IsPrivilegedProcess ? pod.Spec.SecurityContext.FsGroup : null, clock);

    private static string? PluginOf(VolumeManifest volume) =>
        volume.ConfigMap is not null ? "configmap"
        : volume.Secret is not null ? "secret"
        : volume.Projected is not null ? "projected"
        : volume.DownwardApi is not null ? "downward-api"
        : null;
}

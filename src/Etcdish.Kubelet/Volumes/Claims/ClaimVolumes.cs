using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Pods;

namespace Etcdish.Kubelet.Volumes;

/// <summary>
/// Volumes that pods have by claims. What a claim led to is noted in the pod's folder: after a restart a pod that runs goes on with its
/// volume, whatever has become of the claim, and whether or not the API can be reached.
/// </summary>
/// <param name="folders">Where notes and mounts are.</param>
/// <param name="objects">Claims and volumes.</param>
/// <param name="clock">The clock.</param>
internal sealed class ClaimVolumes(PodFolders folders, IObjectSource objects, TimeProvider clock)
{
    private readonly ClaimResolver _resolver = new(objects);
    private readonly PersistentPlaces _places = new(folders, clock);

    /// <summary>Sees to the volume behind a claim.</summary>
    /// <exception cref="VolumeException">There is none yet, or it cannot be used here.</exception>
    /// <exception cref="IOException">It cannot be made.</exception>
    public async Task<VolumePlace> EnsureAsync(PodManifest pod, VolumeManifest volume, CancellationToken cancellation)
    {
        var note = Path.Combine(folders.Pod(pod.Uid), "plugins", "etcdish~claim", volume.Name);
        var claimed = TryRead(note);
        var isNew = claimed is null;
        claimed ??= await _resolver.ResolveAsync(pod, volume, cancellation);
        try
        {
            var (path, isGroups) = await _places.EnsureAsync(pod.Uid, claimed, cancellation);
            if (isNew)
            {
                if (isGroups && !claimed.ReadOnly)
                {
                    GiveToGroup(pod, path);
                }

                Write(note, claimed);
            }

            return new VolumePlace(path, claimed.ReadOnly);
        }
        catch (Exception e) when (e is VolumeException or IOException or UnauthorizedAccessException)
        {
            var reason = (e as VolumeException)?.Reason ?? "FailedMount";
            var step = reason == "FailedMapVolume" ? "MapVolume.SetUp" : "MountVolume.SetUp";
            throw new VolumeException(reason, $"{step} failed for volume \"{claimed.Name}\" : {e.Message}", e);
        }
    }

    private static void GiveToGroup(PodManifest pod, string path)
    {
        var security = pod.Spec.SecurityContext;
        if (Environment.IsPrivilegedProcess && security.FsGroup is { } group)
        {
            using var folder = Folder.Open(path);
            FolderTree.GiveToGroup(folder, group, security.FsGroupChangePolicy == "OnRootMismatch");
        }
    }

    private static ClaimedVolume? TryRead(string note)
    {
        try
        {
            return File.Exists(note) ? ClaimedVolume.Parse(File.ReadAllBytes(note)) : null;
        }
        catch (FormatException)
        {
            // The machine went down as it was written: it is found out anew.
            return null;
        }
    }

    private static void Write(string note, ClaimedVolume claimed)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(note)!);
        File.WriteAllBytes(note + ".new", claimed.ToBytes());
        File.Move(note + ".new", note, overwrite: true);
    }
}

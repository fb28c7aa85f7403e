using Etcdish.Kubelet.Kinds;

namespace Etcdish.Kubelet.Volumes;

/// <summary>What is known of a pod whose volumes are here. Belongs to whoever holds its gate.</summary>
internal sealed class VolumeRecord
{
    public SemaphoreSlim Gate { get; } = new(1);

    /// <summary>As it is worked on; null: it is being removed.</summary>
    public PodManifest? Pod { get; set; }

    /// <summary>As the watch of pods last told of it; null: not since it is here. Set by that watch, at any time.</summary>
    public PodManifest? Followed { get; set; }

    /// <summary>Where its claims have led.</summary>
    public Dictionary<string, VolumePlace> Claims { get; } = [];

    /// <summary>Whether another record has taken its place, or will.</summary>
    public bool IsGone { get; set; }

    /// <summary>Whether volumes may show something else of a pod than of how it was before.</summary>
    public static bool ShowsOther(PodManifest before, PodManifest now) =>
        before.Metadata.Generation != now.Metadata.Generation
        || !AreSame(before.Metadata.Labels, now.Metadata.Labels)
        || !AreSame(before.Metadata.Annotations, now.Metadata.Annotations);

    /// <summary>Takes a pod, unless what is known of it is newer; which it is from now on.</summary>
    public PodManifest Take(PodManifest pod) => Pod = IsNewer(Pod, pod) ? Pod! : IsNewer(Followed, pod) ? Followed! : pod;

    private static bool IsNewer(PodManifest? known, PodManifest pod) =>
        known is not null && ulong.TryParse(known.Metadata.ResourceVersion, out var ours)
        && ulong.TryParse(pod.Metadata.ResourceVersion, out var theirs) && ours > theirs;

    private static bool AreSame(Dictionary<string, string> one, Dictionary<string, string> other) =>
        one.Count == other.Count && one.All(pair => other.TryGetValue(pair.Key, out var value) && value == pair.Value);
}

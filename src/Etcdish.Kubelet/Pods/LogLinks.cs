using Etcdish.Kubelet.Kinds;

namespace Etcdish.Kubelet.Pods;

/// <summary>The links to containers' logs in one folder, by which collectors of logs find them.</summary>
internal static class LogLinks
{
    private const int LongestName = 255;

    /// <summary>Makes the link of a container that has started.</summary>
    public static void Add(PodFolders folders, PodManifest pod, string container, int attempt, string id, Action<string> warn)
    {
        try
        {
            Directory.CreateDirectory(folders.LogLinks);
            var link = Place(folders, pod, container, id);
            File.Delete(link);
            File.CreateSymbolicLink(link, folders.Log(pod.Identity(), container, attempt));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            warn($"no link to the log of {pod}, container {container}: {e.Message}");
        }
    }

    /// <summary>Removes the link of a container.</summary>
    public static void Remove(PodFolders folders, PodManifest pod, string container, string id)
    {
        if (Directory.Exists(folders.LogLinks))
        {
            File.Delete(Place(folders, pod, container, id));
        }
    }

    private static string Place(PodFolders folders, PodManifest pod, string container, string id)
    {
        var head = $"{pod.Metadata.Name}_{pod.Metadata.Namespace}_{container}";
        var tail = $"-{id}.log";
        return Path.Combine(folders.LogLinks, head[..Math.Min(head.Length, LongestName - tail.Length)] + tail);
    }
}

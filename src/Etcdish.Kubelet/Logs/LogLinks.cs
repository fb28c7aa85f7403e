using Etcdish.Kubelet.Pods;
using Etcdish.Kubelet.Runtime;

namespace Etcdish.Kubelet.Logs;

/// <summary>
/// Links to the logs of containers, by whose names collectors of logs know what they read:
/// <c>/var/log/containers/pod_namespace_container-id.log</c>. Safe for use by many threads.
/// </summary>
internal sealed class LogLinks(PodFolders folders)
{
    private const string Extension = ".log";
    private const int LongestName = 255;

    /// <summary>
    /// Links to the log of a container, unless it is linked; the log may come later. That it cannot is told, and fails nothing.
    /// </summary>
    public void Ensure(PodIdentity pod, string container, int attempt, string id, Action<string> warn)
    {
        var link = PathOf(pod, container, id);
        try
        {
            if (new FileInfo(link).LinkTarget is null)
            {
                Directory.CreateDirectory(folders.LogLinks);
                File.CreateSymbolicLink(link, folders.Log(pod, container, attempt));
            }
        }
        catch (IOException) when (new FileInfo(link).LinkTarget is not null)
        {
            // Another thread was faster.
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            warn($"no link to the log of {pod.Namespace}/{pod.Name}, container {container}: {e.Message}");
        }
    }

    /// <summary>Removes the link to a container's log. The log stays.</summary>
    public void Remove(PodIdentity pod, string container, string id)
    {
        // Of a container that never started there may be no folder yet.
        if (Directory.Exists(folders.LogLinks))
        {
            File.Delete(PathOf(pod, container, id));
        }
    }

    /// <summary>Removes links to logs of this kubelet that are not there, except of containers that are: their log may come.</summary>
    /// <param name="containers">All containers.</param>
    public void RemoveBroken(IEnumerable<ContainerState> containers)
    {
        if (!Directory.Exists(folders.LogLinks))
        {
            return;
        }

        var known = containers.Select(container => container.Id).ToHashSet();
        var root = folders.LogRoot + Path.DirectorySeparatorChar;
        foreach (var link in new DirectoryInfo(folders.LogLinks).EnumerateFiles("*" + Extension))
        {
            if (link.LinkTarget is { } target && target.StartsWith(root, StringComparison.Ordinal) && !File.Exists(target)
                && !known.Contains(link.Name[(link.Name.LastIndexOf('-') + 1)..^Extension.Length]))
            {
                link.Delete();
            }
        }
    }

    private string PathOf(PodIdentity pod, string container, string id)
    {
        // Of a name that is too long the id stays whole.
        var head = $"{pod.Name}_{pod.Namespace}_{container}";
        var tail = $"-{id}{Extension}";
        return Path.Combine(folders.LogLinks, head[..Math.Min(head.Length, LongestName - tail.Length)] + tail);
    }
}

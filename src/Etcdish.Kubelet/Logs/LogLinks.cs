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

    // A name of a file has 255 bytes at most; the names of pods are shortened for it, as collectors expect.
    private const int MaxNameLength = 255;

    /// <summary>Links to the log of a container, unless it is linked. The log may come later.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Ensure(ContainerState container)
    {
        var link = PathOf(container);
        if (new FileInfo(link).LinkTarget is null)
        {
            Directory.CreateDirectory(folders.LogLinks);
            try
            {
                File.CreateSymbolicLink(link, folders.Log(container.Pod, container.Name, container.Attempt));
            }
            catch (IOException) when (new FileInfo(link).LinkTarget is not null)
            {
                // Another thread was faster.
            }
        }
    }

    /// <summary>Removes the link to a container's log. The log stays.</summary>
    public void Remove(ContainerState container) => File.Delete(PathOf(container));

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

    private string PathOf(ContainerState container)
    {
        var name = $"{container.Pod.Name}_{container.Pod.Namespace}_{container.Name}-{container.Id}";
        var most = MaxNameLength - Extension.Length;
        return Path.Combine(folders.LogLinks, (name.Length > most ? name[..most] : name) + Extension);
    }
}

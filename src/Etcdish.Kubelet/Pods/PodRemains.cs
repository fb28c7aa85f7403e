using Etcdish.Kubelet.Containers;
using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Logs;
using Etcdish.Kubelet.Runtime;

namespace Etcdish.Kubelet.Pods;

/// <summary>Takes away what is left of pods and containers that have ended.</summary>
internal sealed class PodRemains(PodWorkersParts parts)
{
    /// <summary>Removes a container, its log and the link to it.</summary>
    public async Task RemoveContainerAsync(PodManifest pod, ContainerState container, CancellationToken cancellation)
    {
        await parts.Runtime.RemoveContainerAsync(container.Id, cancellation);
        new LogLinks(parts.Folders).Remove(pod.Identity(), container.Name, container.Id);
        var message = TerminationMessages.PathOf(parts.Folders, pod.Uid, container.Name, container.Attempt);
        if (File.Exists(message))
        {
            File.Delete(message);
        }

        LogSegment.DeleteAll(parts.Folders.Log(pod.Identity(), container.Name, container.Attempt));
    }

    /// <summary>Gives volumes and control group back.</summary>
    public async Task ReleaseAsync(PodView view, CancellationToken cancellation)
    {
        await parts.Volumes.RemoveAsync(view.Pod.Uid, cancellation);
        await parts.Cgroups.RemoveAsync(view.Pod.Uid, cancellation);
    }

    /// <summary>Removes the files of a pod that is gone: logs, and what its containers saw that is no volume.</summary>
    public void RemoveFiles(PodManifest pod, IEnumerable<ContainerState> containers)
    {
        foreach (var container in containers)
        {
            new LogLinks(parts.Folders).Remove(pod.Identity(), container.Name, container.Id);
        }

        var logs = parts.Folders.Logs(pod.Identity());
        if (Directory.Exists(logs))
        {
            Directory.Delete(logs, recursive: true);
        }

        // Never all of the folder: were a volume still mounted in it, what the volume holds would go.
        var folder = parts.Folders.Pod(pod.Uid);
        var containersFolder = Path.Combine(folder, "containers");
        if (Directory.Exists(containersFolder))
        {
            Directory.Delete(containersFolder, recursive: true);
        }

        if (Directory.Exists(folder))
        {
            File.Delete(parts.Folders.Hosts(pod.Uid));
            RemoveIfEmpty(Path.Combine(folder, "volumes"));
            RemoveIfEmpty(folder);
        }
    }

    private static void RemoveIfEmpty(string folder)
    {
        if (Directory.Exists(folder) && !Directory.EnumerateFileSystemEntries(folder).Any())
        {
            Directory.Delete(folder);
        }
    }
}

using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Pods;
using Etcdish.Kubelet.Runtime;

namespace Etcdish.Kubelet.Containers;

/// <summary>What of the node a container sees: volumes, parts of them, its hosts file and the file for its last word.</summary>
/// <param name="folders">Where pods' files are.</param>
/// <param name="clusterDomain">The cluster's domain.</param>
/// <param name="nodeHostsFile">The node's hosts file.</param>
internal sealed class ContainerMounts(PodFolders folders, string clusterDomain, string nodeHostsFile)
{
    private const string HostsPath = "/etc/hosts";
    private readonly SubPaths _subPaths = new(folders);
    private readonly Lock _writing = new();

    /// <summary>All of them, those that lie in others behind those.</summary>
    /// <exception cref="ContainerConfigException">One cannot be.</exception>
    public IReadOnlyList<MountSettings> Make(ContainerPlan plan, VariableList variables)
    {
        var (pod, container) = (plan.Pod, plan.Container);
        List<MountSettings> mounts = [];
        for (var i = 0; i < container.VolumeMounts.Length; i++)
        {
            mounts.Add(MakeOne(plan, container.VolumeMounts[i], i, variables));
        }

        if ((plan.PodAddresses.Count > 0 || pod.Spec.HostNetwork) && !mounts.Exists(mount => mount.ContainerPath == HostsPath))
        {
            mounts.Add(new MountSettings(WriteHosts(plan), HostsPath, ReadOnly: false));
        }

        if (container.TerminationMessagePath.Length > 0)
        {
            var file = TerminationMessages.Create(folders, pod.Uid, container.Name, plan.Attempt);
            mounts.Add(new MountSettings(file, Absolute(container.TerminationMessagePath), ReadOnly: false));
        }

        return [.. mounts.OrderBy(mount => mount.ContainerPath.AsSpan().TrimEnd('/').Count('/'))];
    }

    /// <summary>The block devices that a container sees.</summary>
    /// <exception cref="ContainerConfigException">One is not there.</exception>
    public static IReadOnlyList<MountSettings> MakeDevices(ContainerPlan plan) =>
    [
        .. plan.Container.VolumeDevices.Select(device =>
        {
            if (!device.DevicePath.StartsWith('/'))
            {
                throw new ContainerConfigException($"error DevicePath `{device.DevicePath}` must be an absolute path");
            }

            return plan.Volumes.TryGetValue(device.Name, out var place)
                ? new MountSettings(place.HostPath, device.DevicePath, place.ReadOnly)
                : throw new ContainerConfigException(
                    $"cannot find volume \"{device.Name}\" to pass into container \"{plan.Container.Name}\"");
        }),
    ];

    private MountSettings MakeOne(ContainerPlan plan, MountManifest mount, int index, VariableList variables)
    {
        if (!plan.Volumes.TryGetValue(mount.Name, out var place))
        {
            throw new ContainerConfigException($"cannot find volume \"{mount.Name}\" to mount into container \"{plan.Container.Name}\"");
        }

        var subPath = mount.SubPathExpr.Length > 0 ? VariableExpansion.ExpandStrictly(mount.SubPathExpr, variables.Find) : mount.SubPath;
        var path = subPath.Length == 0
            ? place.HostPath
            : _subPaths.Prepare(place.HostPath, subPath, new SubPathPlace(plan.Pod.Uid, plan.Container.Name, mount.Name, index));
        if (mount.MountPropagation is not ("" or "None" or "HostToContainer" or "Bidirectional"))
        {
            throw new ContainerConfigException($"invalid MountPropagation mode: \"{mount.MountPropagation}\"");
        }

        return new MountSettings(path, Absolute(mount.MountPath), mount.ReadOnly || place.ReadOnly)
        {
            Propagation = mount.MountPropagation,
            RecursiveReadOnly = IsReadOnlyBelow(mount),
        };
    }

    /// <summary>Whether mounts below it must be read-only too; where a pod only would like it, it goes without.</summary>
    private static bool IsReadOnlyBelow(MountManifest mount)
    {
        if (mount.RecursiveReadOnly != "Enabled")
        {
            return false;
        }

        var problem = !mount.ReadOnly ? "but it is not read-only"
            : mount.MountPropagation is "HostToContainer" or "Bidirectional" ? "which is not compatible with propagation"
            : null;
        return problem is null ? true : throw new ContainerConfigException(
            $"failed to resolve recursive read-only mode: volume \"{mount.Name}\" requested recursive read-only mode, {problem}");
    }

    private string WriteHosts(ContainerPlan plan)
    {
        var (pod, path) = (plan.Pod, folders.Hosts(plan.Pod.Uid));
        var content = pod.Spec.HostNetwork
            ? HostsFile.OfNode(File.ReadAllText(nodeHostsFile), pod.Spec.HostAliases)
            : HostsFile.Managed(plan.PodAddresses, PodHostname.Of(pod, clusterDomain), pod.Spec.HostAliases);
        lock (_writing)
        {
            HostsFile.Write(path, content);
        }

        return path;
    }

    private static string Absolute(string path) => path.StartsWith('/') ? path : "/" + path;
}

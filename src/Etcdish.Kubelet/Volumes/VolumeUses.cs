using Etcdish.Kubelet.Kinds;

namespace Etcdish.Kubelet.Volumes;

/// <summary>How containers use a volume.</summary>
[Flags]
internal enum VolumeUse
{
    None = 0,

    /// <summary>As files.</summary>
    Mount = 1,

    /// <summary>As a block device.</summary>
    Device = 2,
}

/// <summary>Which volumes of a pod its containers use, and how: those that none uses are not made.</summary>
internal static class VolumeUses
{
    /// <summary>The volumes in use, by name.</summary>
    public static Dictionary<string, VolumeUse> Of(PodManifest pod)
    {
        Dictionary<string, VolumeUse> uses = [];
        foreach (var container in (ContainerManifest[])[.. pod.Spec.InitContainers, .. pod.Spec.Containers, .. pod.Spec.EphemeralContainers])
        {
            foreach (var mount in container.VolumeMounts)
            {
                uses[mount.Name] = uses.GetValueOrDefault(mount.Name) | VolumeUse.Mount;
            }

            foreach (var device in container.VolumeDevices)
            {
                uses[device.Name] = uses.GetValueOrDefault(device.Name) | VolumeUse.Device;
            }
        }

        return uses;
    }
}

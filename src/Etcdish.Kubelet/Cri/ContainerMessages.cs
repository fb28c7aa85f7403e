using Etcdish.Kubelet.Runtime;
using Etcdish.Protos.Cri;
using Google.Protobuf.Reflection;

namespace Etcdish.Kubelet.Cri;

/// <summary>Makes messages of what a container is to be.</summary>
internal static class ContainerMessages
{
    /// <exception cref="RuntimeException">The stop signal is none.</exception>
    public static ContainerConfig Config(SandboxSettings sandbox, ContainerSettings settings) => new()
    {
        Metadata = new ContainerMetadata { Name = settings.Name, Attempt = (uint)settings.Attempt },
        Image = new ImageSpec { Image = settings.ImageReference, UserSpecifiedImage = settings.Image },
        Command = { settings.Command },
        Args = { settings.Arguments },
        WorkingDir = settings.WorkingDirectory,
        Envs = { settings.Environment.Select(variable => new KeyValue { Key = variable.Key, Value = variable.Value }) },
        Mounts = { settings.Mounts.Select(Mount) },
        Devices = { settings.Devices.Select(Device) },
        Labels = { settings.Labels.ToDictionary() },
        Annotations = { settings.Annotations.ToDictionary() },
        LogPath = settings.LogPath,
        Stdin = settings.Stdin,
        StdinOnce = settings.StdinOnce,
        Tty = settings.Tty,
        Linux = new LinuxContainerConfig
        {
            Resources = SandboxMessages.Resources(settings.Resources),
            SecurityContext = SecurityMessages.Container(sandbox, settings),
        },
        StopSignal = StopSignal(settings.StopSignal),
    };

    private static Mount Mount(MountSettings mount) => new()
    {
        HostPath = mount.HostPath,
        ContainerPath = mount.ContainerPath,
        Readonly = mount.ReadOnly,
        RecursiveReadOnly = mount.RecursiveReadOnly,
        Propagation = mount.Propagation switch
        {
            "HostToContainer" => MountPropagation.PropagationHostToContainer,
            "Bidirectional" => MountPropagation.PropagationBidirectional,
            _ => MountPropagation.PropagationPrivate,
        },
    };

    private static Device Device(MountSettings device) => new()
    {
        HostPath = device.HostPath,
        ContainerPath = device.ContainerPath,
        Permissions = device.ReadOnly ? "r" : "mrw",
    };

    /// <summary>A signal by Kubernetes' name, such as SIGUSR1 or SIGRTMIN+1.</summary>
    private static Signal StopSignal(string name)
    {
        if (name.Length == 0)
        {
            return Signal.RuntimeDefault;
        }

        var wireName = "SIGNAL_" + name.Replace("+", "PLUS", StringComparison.Ordinal).Replace("-", "MINUS", StringComparison.Ordinal);
        var signals = ContainersReflection.Descriptor.FindTypeByName<EnumDescriptor>(nameof(Signal));
        return signals.FindValueByName(wireName) is { } value
            ? (Signal)value.Number
            : throw new RuntimeException($"there is no signal {name} to stop by");
    }
}

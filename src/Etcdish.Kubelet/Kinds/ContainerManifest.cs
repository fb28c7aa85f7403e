using System.Text.Json.Serialization;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Kubelet.Kinds;

/// <summary>A container of a pod: regular, init or ephemeral.</summary>
internal sealed class ContainerManifest
{
    public string Name { get; set; } = "";

    public string Image { get; set; } = "";

    public string[] Command { get => field ?? []; set; }

    public string[] Args { get => field ?? []; set; }

    public string WorkingDir { get; set; } = "";

    public ContainerPort[] Ports { get => field ?? []; set; }

    public EnvironmentSourceManifest[] EnvFrom { get => field ?? []; set; }

    public EnvironmentManifest[] Env { get => field ?? []; set; }

    public ResourceRequirements Resources { get => field ?? new(); set; }

    public ResizePolicyManifest[] ResizePolicy { get => field ?? []; set; }

    /// <summary>Always: an init container that is a sidecar. Empty: as the pod's.</summary>
    public string RestartPolicy { get; set; } = "";

    public MountManifest[] VolumeMounts { get => field ?? []; set; }

    public DeviceManifest[] VolumeDevices { get => field ?? []; set; }

    public ProbeManifest? LivenessProbe { get; set; }

    public ProbeManifest? ReadinessProbe { get; set; }

    public ProbeManifest? StartupProbe { get; set; }

    public LifecycleManifest? Lifecycle { get; set; }

    public string TerminationMessagePath { get; set; } = "/dev/termination-log";

    /// <summary>File or FallbackToLogsOnError.</summary>
    public string TerminationMessagePolicy { get; set; } = "File";

    /// <summary>Always, IfNotPresent or Never; empty: Always if the tag is latest, else IfNotPresent.</summary>
    public string ImagePullPolicy { get; set; } = "";

    public ContainerSecurityManifest SecurityContext { get => field ?? new(); set; }

    public bool Stdin { get; set; }

    public bool StdinOnce { get; set; }

    public bool Tty { get; set; }

    /// <summary>Of an ephemeral container: the one whose processes it sees.</summary>
    public string TargetContainerName { get; set; } = "";

    /// <summary>Whether it is a sidecar, given that it is an init container.</summary>
    [JsonIgnore]
    public bool IsSidecar => RestartPolicy == "Always";
}

/// <summary>A variable of the environment.</summary>
internal sealed class EnvironmentManifest
{
    public string Name { get; set; } = "";

    public string Value { get; set; } = "";

    public EnvironmentValueManifest? ValueFrom { get; set; }
}

/// <summary>Where a variable's value is from: the one that is set.</summary>
internal sealed class EnvironmentValueManifest
{
    public FieldManifest? FieldRef { get; set; }

    public ResourceFieldManifest? ResourceFieldRef { get; set; }

    public KeyManifest? ConfigMapKeyRef { get; set; }

    public KeyManifest? SecretKeyRef { get; set; }
}

/// <summary>A field of the pod.</summary>
internal sealed class FieldManifest
{
    public string FieldPath { get; set; } = "";
}

/// <summary>A resource of a container.</summary>
internal sealed class ResourceFieldManifest
{
    /// <summary>Empty: the container itself; volumes must say.</summary>
    public string ContainerName { get; set; } = "";

    /// <summary>Such as <c>limits.cpu</c>.</summary>
    public string Resource { get; set; } = "";

    /// <summary>The unit of what is shown; zero: one.</summary>
    public Quantity Divisor { get; set; }
}

/// <summary>A key of a config map or secret.</summary>
internal sealed class KeyManifest
{
    public string Name { get; set; } = "";

    public string Key { get; set; } = "";

    public bool Optional { get; set; }
}

/// <summary>A config map or secret all of whose keys become variables.</summary>
internal sealed class EnvironmentSourceManifest
{
    public string Prefix { get; set; } = "";

    public ObjectSourceManifest? ConfigMapRef { get; set; }

    public ObjectSourceManifest? SecretRef { get; set; }
}

/// <summary>A config map or secret.</summary>
internal sealed class ObjectSourceManifest
{
    public string Name { get; set; } = "";

    public bool Optional { get; set; }
}

/// <summary>What a change of a resource does to a container: NotRequired or RestartContainer.</summary>
internal sealed class ResizePolicyManifest
{
    public string ResourceName { get; set; } = "";

    public string RestartPolicy { get; set; } = "NotRequired";
}

/// <summary>Where a volume is seen in a container.</summary>
internal sealed class MountManifest
{
    public string Name { get; set; } = "";

    public string MountPath { get; set; } = "";

    public string SubPath { get; set; } = "";

    /// <summary>A sub path with <c>$(VAR)</c> in it.</summary>
    public string SubPathExpr { get; set; } = "";

    public bool ReadOnly { get; set; }

    public string RecursiveReadOnly { get; set; } = "";

    /// <summary>None (also if empty), HostToContainer or Bidirectional.</summary>
    public string MountPropagation { get; set; } = "";
}

/// <summary>Where a block volume is seen in a container.</summary>
internal sealed class DeviceManifest
{
    public string Name { get; set; } = "";

    public string DevicePath { get; set; } = "";
}

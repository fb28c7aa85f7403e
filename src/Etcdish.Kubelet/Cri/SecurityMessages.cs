using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Runtime;
using Etcdish.Protos.Cri;
using Google.Protobuf.Collections;

namespace Etcdish.Kubelet.Cri;

/// <summary>Makes messages of as whom, with which rights and beside whom containers run.</summary>
internal static class SecurityMessages
{
    /// <summary>What of the kernel's files a container usually does not see (Kubernetes' list).</summary>
    private static readonly string[] _maskedPaths =
    [
        "/proc/asound", "/proc/acpi", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
        "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap",
    ];

    /// <summary>What of them it usually may not change.</summary>
    private static readonly string[] _readOnlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

    public static LinuxSandboxSecurityContext Sandbox(SandboxSettings settings)
    {
        var security = settings.Security;
        return new LinuxSandboxSecurityContext
        {
            NamespaceOptions = Namespaces(settings),
            SelinuxOptions = SeLinux(security.SeLinuxOptions),
            RunAsUser = Number(security.RunAsUser),

            // A group is lawful only beside a user.
            RunAsGroup = security.RunAsUser is null ? null : Number(security.RunAsGroup),
            SupplementalGroups = { SandboxGroups(security) },
            SupplementalGroupsPolicy = Policy(security),
            Privileged = settings.Privileged,

            // Of a sandbox's own process, which only waits: as the runtime likes.
            Seccomp = new SecurityProfile { ProfileType = SecurityProfile.Types.ProfileType.RuntimeDefault },
        };
    }

    public static LinuxContainerSecurityContext Container(SandboxSettings sandbox, ContainerSettings settings)
    {
        var security = settings.Security;
        var isMasked = security.ProcMount != "Unmasked";
        return new LinuxContainerSecurityContext
        {
            Capabilities = Capabilities(security.Capabilities),
            Privileged = security.Privileged,
            NamespaceOptions = Namespaces(sandbox, settings.TargetContainerId),
            SelinuxOptions = SeLinux(security.SeLinuxOptions ?? sandbox.Security.SeLinuxOptions),
            RunAsUser = Number(settings.User.Uid),
            RunAsGroup = Number(settings.User.Gid),
            SupplementalGroups = { settings.User.SupplementalGroups },
            SupplementalGroupsPolicy = Policy(sandbox.Security),
            ReadonlyRootfs = security.ReadOnlyRootFilesystem,
            NoNewPrivs = settings.NoNewPrivileges,
            MaskedPaths = { isMasked ? _maskedPaths : [] },
            ReadonlyPaths = { isMasked ? _readOnlyPaths : [] },
            Seccomp = Profile(settings.Seccomp) ?? Unconfined(),
            Apparmor = Profile(settings.AppArmor),
        };
    }

    private static NamespaceOption Namespaces(SandboxSettings sandbox, string targetContainerId = "") => new()
    {
        Network = sandbox.HostNetwork ? NamespaceMode.Node : NamespaceMode.Pod,
        Ipc = sandbox.HostIpc ? NamespaceMode.Node : NamespaceMode.Pod,
        Pid = sandbox switch
        {
            { HostPid: true } => NamespaceMode.Node,
            { ShareProcessNamespace: true } => NamespaceMode.Pod,
            _ => targetContainerId.Length > 0 ? NamespaceMode.Target : NamespaceMode.Container,
        },
        TargetId = sandbox is { HostPid: false, ShareProcessNamespace: false } ? targetContainerId : "",
    };

    private static RepeatedField<long> SandboxGroups(PodSecurityManifest security)
    {
        RepeatedField<long> groups = [.. security.SupplementalGroups];
        if (security.FsGroup is { } group)
        {
            groups.Add(group);
        }

        return groups;
    }

    private static SupplementalGroupsPolicy Policy(PodSecurityManifest security) =>
        security.SupplementalGroupsPolicy == "Strict" ? SupplementalGroupsPolicy.Strict : SupplementalGroupsPolicy.Merge;

    private static Capability? Capabilities(CapabilitiesManifest? capabilities) => capabilities is null ? null : new()
    {
        AddCapabilities = { capabilities.Add },
        DropCapabilities = { capabilities.Drop },
    };

    private static SELinuxOption? SeLinux(SeLinuxManifest? label) => label is null ? null : new()
    {
        User = label.User,
        Role = label.Role,
        Type = label.Type,
        Level = label.Level,
    };

    private static SecurityProfile? Profile(ProfileManifest? profile) => profile switch
    {
        null => null,
        { Type: "RuntimeDefault" } => new() { ProfileType = SecurityProfile.Types.ProfileType.RuntimeDefault },
        { Type: "Localhost", LocalhostProfile: var name } =>
            new() { ProfileType = SecurityProfile.Types.ProfileType.Localhost, LocalhostRef = name },
        _ => Unconfined(),
    };

    private static SecurityProfile Unconfined() => new() { ProfileType = SecurityProfile.Types.ProfileType.Unconfined };

    private static Int64Value? Number(long? number) => number is { } value ? new Int64Value { Value = value } : null;
}

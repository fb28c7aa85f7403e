namespace Etcdish.Kubelet.Kinds;

/// <summary>As whom and with which rights a pod's containers run, where they do not say themselves.</summary>
internal sealed class PodSecurityManifest
{
    public SeLinuxManifest? SeLinuxOptions { get; set; }

    public long? RunAsUser { get; set; }

    public long? RunAsGroup { get; set; }

    public bool? RunAsNonRoot { get; set; }

    public long[] SupplementalGroups { get => field ?? []; set; }

    /// <summary>Merge (also if empty) or Strict.</summary>
    public string SupplementalGroupsPolicy { get; set; } = "";

    /// <summary>The group that owns its volumes.</summary>
    public long? FsGroup { get; set; }

    /// <summary>Always (also if empty) or OnRootMismatch.</summary>
    public string FsGroupChangePolicy { get; set; } = "";

    public SysctlManifest[] Sysctls { get => field ?? []; set; }

    public ProfileManifest? SeccompProfile { get; set; }

    public ProfileManifest? AppArmorProfile { get; set; }
}

/// <summary>As whom and with which rights a container runs.</summary>
internal sealed class ContainerSecurityManifest
{
    public CapabilitiesManifest? Capabilities { get; set; }

    public bool Privileged { get; set; }

    public SeLinuxManifest? SeLinuxOptions { get; set; }

    public long? RunAsUser { get; set; }

    public long? RunAsGroup { get; set; }

    public bool? RunAsNonRoot { get; set; }

    public bool ReadOnlyRootFilesystem { get; set; }

    public bool? AllowPrivilegeEscalation { get; set; }

    /// <summary>Default (also if empty) or Unmasked.</summary>
    public string ProcMount { get; set; } = "";

    public ProfileManifest? SeccompProfile { get; set; }

    public ProfileManifest? AppArmorProfile { get; set; }
}

/// <summary>Rights that are added to and taken from the usual ones, without CAP_; ALL is all.</summary>
internal sealed class CapabilitiesManifest
{
    public string[] Add { get => field ?? []; set; }

    public string[] Drop { get => field ?? []; set; }
}

/// <summary>A label of SELinux.</summary>
internal sealed class SeLinuxManifest
{
    public string User { get; set; } = "";

    public string Role { get; set; } = "";

    public string Type { get; set; } = "";

    public string Level { get; set; } = "";
}

/// <summary>A profile of seccomp or AppArmor.</summary>
internal sealed class ProfileManifest
{
    /// <summary>RuntimeDefault, Unconfined or Localhost.</summary>
    public string Type { get; set; } = "";

    public string LocalhostProfile { get; set; } = "";
}

/// <summary>A setting of the kernel.</summary>
internal sealed class SysctlManifest
{
    public string Name { get; set; } = "";

    public string Value { get; set; } = "";
}

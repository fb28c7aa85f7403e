using Etcdish.Kubelet.Kinds;

namespace Etcdish.Kubelet.Runtime;

/// <summary>What a sandbox is to be.</summary>
internal sealed record SandboxSettings
{
    public required PodIdentity Pod { get; init; }

    public int Attempt { get; init; }

    public string Hostname { get; init; } = "";

    /// <summary>The directory of the pod's logs: <c>/var/log/pods/ns_name_uid</c>.</summary>
    public string LogDirectory { get; init; } = "";

    /// <summary>The resolver's settings of the pod; null: the node's.</summary>
    public ResolverSettings? Resolver { get; init; }

    public IReadOnlyList<PortSettings> Ports { get; init; } = [];

    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    public IReadOnlyDictionary<string, string> Annotations { get; init; } = new Dictionary<string, string>();

    public bool HostNetwork { get; init; }

    public bool HostPid { get; init; }

    public bool HostIpc { get; init; }

    public bool ShareProcessNamespace { get; init; }

    /// <summary>Whether a container of it is privileged.</summary>
    public bool Privileged { get; init; }

    /// <summary>The pod's control group, in the form of the runtime's driver; empty: the runtime chooses.</summary>
    public string CgroupParent { get; init; } = "";

    public PodSecurityManifest Security { get; init; } = new();

    public string RuntimeHandler { get; init; } = "";

    /// <summary>The pod's limits together, where they are known.</summary>
    public ResourceSettings? Resources { get; init; }
}

/// <summary>A resolver file.</summary>
internal sealed record ResolverSettings(IReadOnlyList<string> Servers, IReadOnlyList<string> Searches, IReadOnlyList<string> Options);

/// <summary>A port of the node that leads to one of the pod.</summary>
internal sealed record PortSettings(string Protocol, int ContainerPort, int HostPort, string HostAddress);

/// <summary>What a container is to be: all names resolved, all paths of the node.</summary>
internal sealed record ContainerSettings
{
    public required string Name { get; init; }

    public int Attempt { get; init; }

    /// <summary>The image that was found or pulled: what <see cref="IImageService"/> knows it by.</summary>
    public required string ImageReference { get; init; }

    /// <summary>The image as the pod names it.</summary>
    public string Image { get; init; } = "";

    public IReadOnlyList<string> Command { get; init; } = [];

    public IReadOnlyList<string> Arguments { get; init; } = [];

    public string WorkingDirectory { get; init; } = "";

    public IReadOnlyList<KeyValuePair<string, string>> Environment { get; init; } = [];

    public IReadOnlyList<MountSettings> Mounts { get; init; } = [];

    /// <summary>Block devices: path of the node, path in the container.</summary>
    public IReadOnlyList<MountSettings> Devices { get; init; } = [];

    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    public IReadOnlyDictionary<string, string> Annotations { get; init; } = new Dictionary<string, string>();

    /// <summary>The log, below the sandbox's log directory: <c>name/attempt.log</c>.</summary>
    public string LogPath { get; init; } = "";

    public bool Stdin { get; init; }

    public bool StdinOnce { get; init; }

    public bool Tty { get; init; }

    public ResourceSettings Resources { get; init; } = new();

    public UserSettings User { get; init; } = new();

    public ContainerSecurityManifest Security { get; init; } = new();

    public ProfileManifest? Seccomp { get; init; }

    public ProfileManifest? AppArmor { get; init; }

    /// <summary>Whether setuid programs may not gain rights.</summary>
    public bool NoNewPrivileges { get; init; }

    /// <summary>The container whose processes it sees; empty: as the sandbox says.</summary>
    public string TargetContainerId { get; init; } = "";

    public string StopSignal { get; init; } = "";
}

/// <summary>A file or directory of the node, seen in a container.</summary>
internal sealed record MountSettings(string HostPath, string ContainerPath, bool ReadOnly)
{
    /// <summary>None (also if empty), HostToContainer or Bidirectional.</summary>
    public string Propagation { get; init; } = "";

    public bool RecursiveReadOnly { get; init; }
}

/// <summary>As whom a container's process runs; null: as the image says.</summary>
internal sealed record UserSettings
{
    public long? Uid { get; init; }

    public long? Gid { get; init; }

    public IReadOnlyList<long> SupplementalGroups { get; init; } = [];
}

/// <summary>Limits of control groups; 0: none is set.</summary>
internal sealed record ResourceSettings
{
    /// <summary>Weight of its processor time, 2 to 262144, 1024 for one processor.</summary>
    public long CpuShares { get; init; }

    /// <summary>Microseconds of processor time in each period.</summary>
    public long CpuQuota { get; init; }

    /// <summary>The period, in microseconds.</summary>
    public long CpuPeriod { get; init; }

    public long MemoryLimitBytes { get; init; }

    /// <summary>-1000 (never killed) to 1000 (first).</summary>
    public long OomScoreAdjustment { get; init; }

    public IReadOnlyDictionary<string, string> Unified { get; init; } = new Dictionary<string, string>();
}

namespace Etcdish.Kubelet.Runtime;

/// <summary>Whose sandbox or container something is.</summary>
internal readonly record struct PodIdentity(string Namespace, string Name, string Uid);

/// <summary>A sandbox: what a pod's containers share.</summary>
internal sealed record SandboxState
{
    public required string Id { get; init; }

    public required PodIdentity Pod { get; init; }

    /// <summary>Which sandbox of the pod, from 0.</summary>
    public int Attempt { get; init; }

    /// <summary>Whether it runs.</summary>
    public bool IsReady { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>Its addresses, the first first; in a list they may be missing.</summary>
    public IReadOnlyList<string> Addresses { get; init; } = [];

    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    public IReadOnlyDictionary<string, string> Annotations { get; init; } = new Dictionary<string, string>();
}

/// <summary>What a container is doing.</summary>
internal enum ContainerPhase
{
    /// <summary>Made and not started.</summary>
    Created,

    /// <summary>It runs.</summary>
    Running,

    /// <summary>It has ended.</summary>
    Exited,

    /// <summary>The runtime does not know.</summary>
    Unknown,
}

/// <summary>A container. In a list, what stands behind <see cref="CreatedAt"/> may be missing.</summary>
internal sealed record ContainerState
{
    public required string Id { get; init; }

    public required string SandboxId { get; init; }

    public required PodIdentity Pod { get; init; }

    public required string Name { get; init; }

    /// <summary>Which try of this container, from 0: its restart count.</summary>
    public int Attempt { get; init; }

    public ContainerPhase Phase { get; init; }

    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    public IReadOnlyDictionary<string, string> Annotations { get; init; } = new Dictionary<string, string>();

    /// <summary>The image as it was asked for.</summary>
    public string Image { get; init; } = "";

    /// <summary>The image that was found, with its digest where it has one: what status.imageID shows.</summary>
    public string ImageReference { get; init; } = "";

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    public DateTimeOffset? FinishedAt { get; init; }

    public int ExitCode { get; init; }

    /// <summary>In the runtime's words, such as Completed, Error, OOMKilled or StartError.</summary>
    public string Reason { get; init; } = "";

    public string Message { get; init; } = "";

    /// <summary>Its log file.</summary>
    public string LogPath { get; init; } = "";

    /// <summary>The limits it has now, where the runtime tells.</summary>
    public ResourceSettings? Resources { get; init; }

    /// <summary>The uid, gid and groups of its first process, where the runtime tells.</summary>
    public (long Uid, long Gid, IReadOnlyList<long> Groups)? User { get; init; }
}

/// <summary>What a container, or a whole sandbox, uses.</summary>
/// <param name="Pod">Whose it is.</param>
/// <param name="Container">The container; empty: the whole pod.</param>
/// <param name="At">When it was read.</param>
/// <param name="CpuNanoseconds">Time of processors so far, in ns.</param>
/// <param name="WorkingSetBytes">Memory that cannot be taken away under pressure.</param>
/// <param name="MemoryBytes">All memory, with caches.</param>
/// <param name="WritableBytes">What it wrote to its own file system; -1: not known.</param>
internal sealed record ContainerUsage(
    PodIdentity Pod,
    string Container,
    DateTimeOffset At,
    long CpuNanoseconds,
    long WorkingSetBytes,
    long MemoryBytes,
    long WritableBytes)
{
    public long RssBytes { get; init; }

    public DateTimeOffset? StartedAt { get; init; }
}

namespace Etcdish.Kubelet.Logs;

/// <summary>Which part of a container's log is wanted, and how: core/v1 PodLogOptions.</summary>
internal sealed record LogQuery
{
    /// <summary>Whether to go on until the container has ended.</summary>
    public bool Follow { get; init; }

    /// <summary>Whether the log of the container's last run is wanted, not that of this one.</summary>
    public bool Previous { get; init; }

    /// <summary>Whether each line begins with its time.</summary>
    public bool Timestamps { get; init; }

    /// <summary>Lines that are older are left out.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>How many lines from the end; null: all.</summary>
    public long? TailLines { get; init; }

    /// <summary>The end after so many bytes; null: none.</summary>
    public long? LimitBytes { get; init; }

    /// <summary>Which outputs of the container.</summary>
    public LogStreams Streams { get; init; } = LogStreams.All;
}

/// <summary>Outputs of a container.</summary>
internal enum LogStreams
{
    /// <summary>Both.</summary>
    All,

    /// <summary>Its output.</summary>
    Stdout,

    /// <summary>Its output of errors.</summary>
    Stderr,
}

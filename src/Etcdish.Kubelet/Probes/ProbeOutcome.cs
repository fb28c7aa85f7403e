namespace Etcdish.Kubelet.Probes;

/// <summary>How one probe ended.</summary>
internal enum ProbeVerdict
{
    /// <summary>The container is well.</summary>
    Success,

    /// <summary>It is well, and its owner is told something.</summary>
    Warning,

    /// <summary>It is not well.</summary>
    Failure,

    /// <summary>It could not be probed, so nothing is known.</summary>
    Unknown,
}

/// <summary>How one probe ended, and what its owner is told.</summary>
internal readonly record struct ProbeOutcome(ProbeVerdict Verdict, string Output)
{
    /// <summary>No output is kept beyond this many bytes.</summary>
    public const int MaxOutputBytes = 10 * 1024;

    public static ProbeOutcome Success(string output = "") => new(ProbeVerdict.Success, output);

    public static ProbeOutcome Warning(string output) => new(ProbeVerdict.Warning, output);

    public static ProbeOutcome Failure(string output) => new(ProbeVerdict.Failure, output);

    public static ProbeOutcome Unknown(string problem) => new(ProbeVerdict.Unknown, problem);
}

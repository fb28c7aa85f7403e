namespace Etcdish.ApiServer.Http;

/// <summary>What one server takes on at a time. Kubernetes' defaults, where it has any.</summary>
internal sealed record LimitSettings
{
    /// <summary>Most requests that read, in flight at once.</summary>
    public int MaxReading { get; init; } = 400;

    /// <summary>Most requests that change something, in flight at once.</summary>
    public int MaxMutating { get; init; } = 200;

    /// <summary>
    /// Most watches and streams, of all clients together: what bounds the memory that they hold. Kubernetes has no such limit; it is four
    /// times what 5,000 nodes with a kubelet each open at the least.
    /// </summary>
    public int MaxLongRunning { get; init; } = 100_000;

    /// <summary>After how long a request that is neither a watch nor a stream is given up; requests may ask for less.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long the first bytes of a body may stay out before its rate is looked at.</summary>
    public TimeSpan BodyGrace { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Least rate at which a body must come.</summary>
    public double MinBodyBytesPerSecond { get; init; } = 240;
}

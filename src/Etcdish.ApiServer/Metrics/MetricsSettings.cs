namespace Etcdish.ApiServer.Metrics;

/// <summary>How kubelets are asked for what their nodes and pods use.</summary>
internal sealed record MetricsSettings
{
    /// <summary>How long a sample is good enough: no kubelet is asked more often.</summary>
    public TimeSpan Period { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Where there is no sample from before: after how long the second is asked for, and again if it is the same.</summary>
    public TimeSpan FirstWindow { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How often it is.</summary>
    public int MaxFirstTries { get; init; } = 12;

    /// <summary>How long a kubelet has for an answer.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a client waits for the kubelets; it is then told what is known.</summary>
    public TimeSpan TotalPatience { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How many kubelets are asked at once.</summary>
    public int MaxParallel { get; init; } = 64;

    /// <summary>How long a node that nobody asks for is remembered.</summary>
    public TimeSpan Memory { get; init; } = TimeSpan.FromMinutes(5);
}

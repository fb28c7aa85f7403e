namespace Etcdish.ApiServer.Metrics;

/// <summary>How kubelets are asked for what their nodes and pods use.</summary>
internal sealed record MetricsSettings
{
    /// <summary>How long a sample is good enough: no kubelet is asked more often.</summary>
    public TimeSpan Period { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>The time between the two samples that are taken where there is none from before.</summary>
    public TimeSpan FirstWindow { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a kubelet has for an answer.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a client waits for the kubelets; it is then told what is known.</summary>
    public TimeSpan TotalPatience { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How many kubelets are asked at once.</summary>
    public int MaxParallel { get; init; } = 64;

    /// <summary>How long a node that nobody asks for is remembered.</summary>
    public TimeSpan Memory { get; init; } = TimeSpan.FromMinutes(5);
}

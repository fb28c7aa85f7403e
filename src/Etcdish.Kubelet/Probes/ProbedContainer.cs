using Etcdish.Kubelet.Kinds;

namespace Etcdish.Kubelet.Probes;

/// <summary>A container that is probed, with its probes. Not safe for use by many threads.</summary>
internal sealed class ProbedContainer : IDisposable
{
    private readonly CancellationTokenSource _end = new();

    /// <summary>Makes one.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="container">The container.</param>
    /// <param name="wasReady">Whether it was ready before this kubelet began, and so had started.</param>
    public ProbedContainer(PodManifest pod, ContainerManifest container, bool wasReady)
    {
        (Pod, Container) = (pod, container);
        Startup = container.StartupProbe is { } startup ? new ProbeState(ProbeKind.Startup, startup, null) : null;
        Liveness = container.LivenessProbe is { } liveness ? new ProbeState(ProbeKind.Liveness, liveness, true) : null;
        Readiness = container.ReadinessProbe is { } readiness ? new ProbeState(ProbeKind.Readiness, readiness, wasReady) : null;
        if (wasReady)
        {
            Startup?.Close();
        }
    }

    public PodManifest Pod { get; }

    public ContainerManifest Container { get; }

    public required string ContainerId { get; init; }

    public required string Address { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public ProbeState? Startup { get; }

    public ProbeState? Liveness { get; }

    public ProbeState? Readiness { get; }

    /// <summary>All probes that there are.</summary>
    public IEnumerable<ProbeState> Probes => ((ProbeState?[])[Startup, Liveness, Readiness]).OfType<ProbeState>();

    /// <summary>Ends with the container.</summary>
    public CancellationToken Ended => _end.Token;

    /// <summary>Whether it has started.</summary>
    public bool IsStarted => Startup is null or { Result: true };

    /// <summary>What the probes say together.</summary>
    public ProbeResults Results
    {
        get
        {
            var killer = Startup is { Result: false } ? Startup : Liveness is { Result: false } ? Liveness : null;
            return new ProbeResults(IsStarted, IsStarted && Readiness is null or { Result: true }, killer?.Manifest)
            {
                KillerKind = killer?.Kind.ToString() ?? "",
            };
        }
    }

    /// <summary>A probe.</summary>
    public ProbeState? Find(ProbeKind kind) => kind switch
    {
        ProbeKind.Startup => Startup,
        ProbeKind.Liveness => Liveness,
        _ => Readiness,
    };

    /// <summary>Whether a probe is to be done now, and not only later or never more.</summary>
    public bool IsDue(ProbeState probe) => !probe.IsOver && (probe.Kind == ProbeKind.Startup || IsStarted);

    /// <summary>Ends what is being done.</summary>
    public void Dispose()
    {
        _end.Cancel();
        _end.Dispose();
    }
}

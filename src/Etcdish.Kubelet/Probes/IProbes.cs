using Etcdish.Kubelet.Kinds;

namespace Etcdish.Kubelet.Probes;

/// <summary>Probes running containers. Safe for use by many threads.</summary>
internal interface IProbes
{
    /// <summary>Is told the uid of a pod of which a result has changed. Must only note it.</summary>
    event Action<string>? Changed;

    /// <summary>Probes a container from now on, as its pod says. Called again for the same id it does nothing.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="container">The container.</param>
    /// <param name="containerId">Its id.</param>
    /// <param name="address">The pod's address.</param>
    /// <param name="startedAt">When the container started: initial delays count from there, also after a restart of the kubelet.</param>
    /// <param name="wasReady">What the API says of it, if it ran before this kubelet: ready stays so until a probe says otherwise.</param>
    void Start(
        PodManifest pod, ContainerManifest container, string containerId, string address, DateTimeOffset startedAt, bool wasReady = false);

    /// <summary>Probes it no more, and forgets it.</summary>
    void Stop(string containerId);

    /// <summary>From here on the pod ends: no more liveness and startup probes, readiness goes on.</summary>
    void StopLiveness(string uid);

    /// <summary>What is known of a container. Without a probe of a kind: started, ready, and not to be killed.</summary>
    ProbeResults Results(string containerId);
}

/// <summary>What probes say of a container.</summary>
/// <param name="IsStarted">Its startup probe has succeeded, or it has none.</param>
/// <param name="IsReady">Its readiness probe says so, and it has started.</param>
/// <param name="Killer">The probe by which it must be killed (liveness or startup); null: none.</param>
internal readonly record struct ProbeResults(bool IsStarted, bool IsReady, ProbeManifest? Killer)
{
    /// <summary>Startup or liveness: the kind of <see cref="Killer"/>.</summary>
    public string KillerKind { get; init; } = "";
}

/// <summary>Runs the hooks of containers.</summary>
internal interface IHooks
{
    /// <summary>Runs one to its end.</summary>
    /// <exception cref="HookException">It failed; the message is for the kubelet's log: it may hold what the container answered.</exception>
    Task RunAsync(
        PodManifest pod, ContainerManifest container, string containerId, string address, HandlerManifest hook, CancellationToken cancellation);
}

/// <summary>A hook that failed.</summary>
internal sealed class HookException(string message, Exception? inner = null) : Exception(message, inner);

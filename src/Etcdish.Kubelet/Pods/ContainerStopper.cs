using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Probes;

namespace Etcdish.Kubelet.Pods;

/// <summary>Ends containers: the hook before, then the signal, then the kill, all within the time that is left.</summary>
internal sealed class ContainerStopper(PodWorkersParts parts)
{
    /// <summary>However little time is left, a container is asked before it is killed.</summary>
    private static readonly TimeSpan _least = TimeSpan.FromSeconds(2);

    /// <summary>Completes when the container has ended.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="kill">Which container, and by when.</param>
    /// <param name="address">The pod's address.</param>
    /// <param name="isRepeated">Whether it is being ended already, with more time: the hook has had its chance.</param>
    /// <param name="cancellation">Breaks it off.</param>
    public async Task StopAsync(PodManifest pod, KillContainer kill, string address, bool isRepeated, CancellationToken cancellation)
    {
        if (!isRepeated)
        {
            parts.Events.Tell(pod, false, "Killing", kill.Message, kill.Manifest);
        }

        if (kill.Manifest is { Lifecycle.PreStop: { } hook } container && !isRepeated && Left(kill) > TimeSpan.Zero)
        {
            await RunHookAsync(pod, container, kill, address, hook, cancellation);
        }

        var left = Left(kill);
        await parts.Runtime.StopContainerAsync(kill.Container.Id, left > _least ? left : _least, cancellation);
    }

    private TimeSpan Left(KillContainer kill) => kill.Until - parts.Clock.GetUtcNow();

    private async Task RunHookAsync(
        PodManifest pod,
        ContainerManifest container,
        KillContainer kill,
        string address,
        HandlerManifest hook,
        CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(Left(kill), parts.Clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            await parts.Hooks.RunAsync(pod, container, kill.Container.Id, address, hook, both.Token);
        }
        catch (HookException e)
        {
            parts.Events.Tell(pod, true, "FailedPreStopHook", "PreStopHook failed", container);
            parts.Warn($"{pod}: the hook before the end of {container.Name} failed: {e.Message}");
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            parts.Warn($"{pod}: the hook before the end of {container.Name} did not end in time");
        }
    }
}

using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Pods;
using Etcdish.Kubelet.Runtime;

namespace Etcdish.Kubelet.Nodes;

/// <summary>
/// Stops all that runs when a cluster of one machine stops, and tells nobody: pods stay as they are in the API, and the next kubelet makes
/// new sandboxes and containers for those that are to run. To be called when no pod is worked on any more.
/// </summary>
/// <param name="parts">The runtime, the hooks, and what else stopping takes.</param>
/// <param name="find">A pod by its uid; null: it is not known.</param>
/// <param name="grace">How long containers have at most, with their hooks.</param>
internal sealed class NodeStop(PodWorkersParts parts, Func<string, PodManifest?> find, TimeSpan grace)
{
    // How long a runtime may take with what it must do behind the grace: to kill, and to take networks away.
    private static readonly TimeSpan _slack = TimeSpan.FromSeconds(10);

    private readonly IContainerRuntime _runtime = parts.Runtime;
    private readonly ContainerStopper _stopper = new(parts with { Events = new SilentEvents() });

    /// <summary>Stops containers, each with its hook and the grace of its pod, and then their sandboxes.</summary>
    public async Task RunAsync()
    {
        using var limit = new CancellationTokenSource(grace + _slack, parts.Clock);
        try
        {
            var snapshot = await _runtime.ListAsync(limit.Token);
            var containers = snapshot.Containers.Where(container => container.Phase == ContainerPhase.Running).ToLookup(c => c.SandboxId);
            await Task.WhenAll(snapshot.Sandboxes
                .Where(sandbox => sandbox.IsReady || containers.Contains(sandbox.Id))
                .Select(sandbox => StopAsync(sandbox, containers[sandbox.Id], limit.Token)));
        }
        catch (Exception e) when (e is RuntimeException or OperationCanceledException)
        {
            parts.Warn($"pods could not be stopped: {e.Message}");
        }
    }

    private async Task StopAsync(SandboxState sandbox, IEnumerable<ContainerState> containers, CancellationToken cancellation)
    {
        try
        {
            if (find(sandbox.Pod.Uid) is { } pod)
            {
                await StopContainersAsync(pod, sandbox, [.. containers], cancellation);
            }
            else
            {
                await Task.WhenAll(containers.Select(container => _runtime.StopContainerAsync(container.Id, grace, cancellation)));
            }

            await _runtime.StopSandboxAsync(sandbox.Id, cancellation);
        }
        catch (Exception e) when (e is RuntimeException or OperationCanceledException)
        {
            parts.Warn($"{sandbox.Pod.Namespace}/{sandbox.Pod.Name} could not be stopped: {e.Message}");
        }
    }

    /// <summary>Regular containers at once, then sidecars, the last one first, all within one grace.</summary>
    private async Task StopContainersAsync(
        PodManifest pod, SandboxState sandbox, ContainerState[] containers, CancellationToken cancellation)
    {
        var until = parts.Clock.GetUtcNow() + GraceOf(pod);
        var address = await AddressAsync(pod, sandbox, cancellation);
        var sidecars = pod.Spec.InitContainers.Select(container => container.Name).ToArray();
        foreach (var group in containers.GroupBy(container => Array.IndexOf(sidecars, container.Name)).OrderBy(Turn))
        {
            await Task.WhenAll(group.Select(Stop));
        }

        Task Stop(ContainerState container)
        {
            var kill = new KillContainer(container, pod.FindContainer(container.Name), until, "");
            return _stopper.StopAsync(pod, kill, address, isRepeated: false, cancellation);
        }

        static int Turn(IGrouping<int, ContainerState> group) => group.Key < 0 ? int.MinValue : -group.Key;
    }

    private async Task<string> AddressAsync(PodManifest pod, SandboxState sandbox, CancellationToken cancellation) =>
        pod.Spec.HostNetwork || _runtime.SharesHostNetwork
            ? parts.Addresses()[0]
            : await _runtime.GetSandboxAsync(sandbox.Id, cancellation) is { Addresses: [var first, ..] } ? first : "";

    private TimeSpan GraceOf(PodManifest pod) =>
        pod.Spec.TerminationGracePeriodSeconds is { } seconds && seconds < grace.TotalSeconds ? TimeSpan.FromSeconds(seconds) : grace;

    /// <summary>Nobody is there to hear: the API may go down at the same time.</summary>
    private sealed class SilentEvents : IPodEvents
    {
        public void Tell(PodManifest pod, bool isWarning, string reason, string message, ContainerManifest? container = null)
        {
        }
    }
}

using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Runtime;

namespace Etcdish.Kubelet.Nodes;

/// <summary>
/// Stops all that runs when a cluster of one machine stops, and tells nobody: pods stay as they are in the API, and the next kubelet makes
/// new sandboxes and containers for those that are to run. To be called when no pod is worked on any more.
/// </summary>
/// <param name="runtime">What runs.</param>
/// <param name="find">A pod by its uid; null: it is not known.</param>
/// <param name="grace">How long containers have at most.</param>
/// <param name="warn">Is told, a line each, what goes wrong.</param>
internal sealed class NodeStop(IContainerRuntime runtime, Func<string, PodManifest?> find, TimeSpan grace, Action<string> warn)
{
    // How long a runtime may take with what it must do behind the grace: to kill, and to take networks away.
    private static readonly TimeSpan _slack = TimeSpan.FromSeconds(10);

    /// <summary>Stops containers, each with the grace of its pod, and then their sandboxes.</summary>
    public async Task RunAsync(TimeProvider clock)
    {
        using var limit = new CancellationTokenSource(grace + _slack, clock);
        try
        {
            var snapshot = await runtime.ListAsync(limit.Token);
            var containers = snapshot.Containers.Where(container => container.Phase == ContainerPhase.Running).ToLookup(c => c.SandboxId);
            await Task.WhenAll(snapshot.Sandboxes
                .Where(sandbox => sandbox.IsReady || containers.Contains(sandbox.Id))
                .Select(sandbox => StopAsync(sandbox, containers[sandbox.Id], limit.Token)));
        }
        catch (Exception e) when (e is RuntimeException or OperationCanceledException)
        {
            warn($"pods could not be stopped: {e.Message}");
        }
    }

    private async Task StopAsync(SandboxState sandbox, IEnumerable<ContainerState> containers, CancellationToken cancellation)
    {
        try
        {
            var own = GraceOf(sandbox.Pod.Uid);
            await Task.WhenAll(containers.Select(container => runtime.StopContainerAsync(container.Id, own, cancellation)));
            await runtime.StopSandboxAsync(sandbox.Id, cancellation);
        }
        catch (Exception e) when (e is RuntimeException or OperationCanceledException)
        {
            warn($"{sandbox.Pod.Namespace}/{sandbox.Pod.Name} could not be stopped: {e.Message}");
        }
    }

    private TimeSpan GraceOf(string uid) =>
        find(uid)?.Spec.TerminationGracePeriodSeconds is { } seconds && TimeSpan.FromSeconds(seconds) < grace ? TimeSpan.FromSeconds(seconds) : grace;
}

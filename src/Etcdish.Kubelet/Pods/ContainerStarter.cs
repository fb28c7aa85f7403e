using Etcdish.Kubelet.Containers;
using Etcdish.Kubelet.Images;
using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Logs;
using Etcdish.Kubelet.Probes;
using Etcdish.Kubelet.Runtime;
using Etcdish.Kubelet.Volumes;

namespace Etcdish.Kubelet.Pods;

/// <summary>A container could not be started.</summary>
/// <param name="wait">What is shown of it.</param>
/// <param name="retryAt">When it is tried again; null: by the usual back-off.</param>
internal sealed class StartFailure(ContainerWait wait, DateTimeOffset? retryAt = null) : Exception(wait.Message)
{
    public ContainerWait Wait { get; } = wait;

    public DateTimeOffset? RetryAt { get; } = retryAt;
}

/// <summary>Starts containers: image, container, process, and the hook at its start.</summary>
internal sealed class ContainerStarter(PodWorkersParts parts)
{
    /// <summary>Does all of it, one after another.</summary>
    /// <exception cref="StartFailure">A step failed.</exception>
    public async Task StartAsync(PodManifest pod, StartContainer start, StartSurroundings place, CancellationToken cancellation)
    {
        var container = start.Container;
        var id = start.Made?.Id ?? await MakeAsync(pod, start, place, cancellation);
        try
        {
            await parts.Runtime.StartContainerAsync(id, cancellation);
        }
        catch (RuntimeException e)
        {
            Tell(pod, container, "Error: " + e.Message);
            throw new StartFailure(new ContainerWait("RunContainerError", e.Message));
        }

        parts.Events.Tell(pod, false, "Started", "Container started", container);
        new LogLinks(parts.Folders).Ensure(pod.Identity(), container.Name, start.Attempt, id, parts.Warn);
        if (container.Lifecycle?.PostStart is { } hook)
        {
            await RunHookAsync(pod, container, id, place.Address, hook, cancellation);
        }
    }

    private async Task<string> MakeAsync(PodManifest pod, StartContainer start, StartSurroundings place, CancellationToken cancellation)
    {
        var container = start.Container;
        try
        {
            var image = await parts.Images.EnsureAsync(pod, container, cancellation);
            var settings = await parts.Planner.PlanContainerAsync(
                new ContainerPlan
                {
                    Pod = pod,
                    Container = container,
                    Attempt = start.Attempt,
                    Image = image,
                    Volumes = place.Volumes,
                    PodAddresses = place.Addresses,
                    TargetContainerId = place.TargetId,
                },
                cancellation);
            var sandbox = await parts.Planner.PlanSandboxAsync(pod, start.Sandbox.Attempt, cancellation);
            sandbox = sandbox with { CgroupParent = place.CgroupParent };
            var id = await parts.Runtime.CreateContainerAsync(start.Sandbox.Id, sandbox, settings, cancellation);
            parts.Events.Tell(pod, false, "Created", "Container created", container);
            return id;
        }
        catch (ImageException e)
        {
            throw new StartFailure(new ContainerWait(e.Reason, e.Message), e.RetryAt);
        }
        catch (ContainerConfigException e)
        {
            Tell(pod, container, "Error: " + e.Message);
            throw new StartFailure(new ContainerWait(e.Reason, e.Message));
        }
        catch (Exception e) when (e is RuntimeException or IOException or UnauthorizedAccessException)
        {
            Tell(pod, container, "Error: " + e.Message);
            throw new StartFailure(new ContainerWait("CreateContainerError", e.Message));
        }
    }

    private async Task RunHookAsync(
        PodManifest pod, ContainerManifest container, string id, string address, HandlerManifest hook, CancellationToken cancellation)
    {
        try
        {
            await parts.Hooks.RunAsync(pod, container, id, address, hook, cancellation);
        }
        catch (HookException e)
        {
            parts.Events.Tell(pod, true, "FailedPostStartHook", "PostStartHook failed", container);
            parts.Warn($"{pod}: the hook at the start of {container.Name} failed: {e.Message}");
            parts.Events.Tell(pod, false, "Killing", "FailedPostStartHook", container);
            await parts.Runtime.StopContainerAsync(id, pod.Grace(), cancellation);
            throw new StartFailure(new ContainerWait("PostStartHookError", "PostStartHook failed"));
        }
    }

    private void Tell(PodManifest pod, ContainerManifest container, string message) =>
        parts.Events.Tell(pod, true, "Failed", message, container);
}

/// <summary>What is there when a container starts.</summary>
internal sealed record StartSurroundings(
    IReadOnlyDictionary<string, VolumePlace> Volumes, IReadOnlyList<string> Addresses, string CgroupParent, string TargetId)
{
    /// <summary>The pod's first address; empty: it has none.</summary>
    public string Address => Addresses.Count > 0 ? Addresses[0] : "";
}

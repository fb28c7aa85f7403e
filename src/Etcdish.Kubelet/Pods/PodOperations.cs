using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Runtime;
using Etcdish.Kubelet.Volumes;
using Etcdish.Kubernetes.Client;

namespace Etcdish.Kubelet.Pods;

/// <summary>Does what was decided about pods, one action at a time and for as long as it takes, and notes in the record how it went.</summary>
internal sealed class PodOperations(PodWorkersParts parts)
{
    private readonly ContainerStarter _starter = new(parts);
    private readonly ContainerStopper _stopper = new(parts);
    private readonly PodRemains _remains = new(parts);

    /// <summary>Does it. What it gives back is done to the record when its effects are seen.</summary>
    /// <param name="record">The pod.</param>
    /// <param name="view">What it was decided by.</param>
    /// <param name="action">What.</param>
    /// <param name="isRepeated">Whether the same is being done already, in another way.</param>
    /// <param name="cancellation">Breaks it off.</param>
    public async Task<Action> DoAsync(PodRecord record, PodView view, PodAction action, bool isRepeated, CancellationToken cancellation)
    {
        try
        {
            var effect = await ActAsync(record, view, action, isRepeated, cancellation);
            return () =>
            {
                record.ForgetFailure(action.Key);
                effect?.Invoke();
            };
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return () => { };
        }
        catch (StartFailure e)
        {
            return () =>
            {
                record.Waits[((StartContainer)action).Container.Name] = e.Wait;
                record.NoteFailure(action.Key, parts.Clock.GetUtcNow(), e.RetryAt);
            };
        }
        catch (Exception e) when (e is RuntimeException or VolumeException or IOException or UnauthorizedAccessException
            or TimeoutException or ApiStatusException or HttpRequestException or OperationCanceledException
            or Containers.ContainerConfigException)
        {
            Tell(view.Pod, action, e);
            return () => record.NoteFailure(action.Key, parts.Clock.GetUtcNow());
        }
#pragma warning disable CA1031 // A defect costs this pod only, and is told.
        catch (Exception e)
        {
            parts.Warn($"{view.Pod}: {action.Key}: a defect: {e}");
            return () => record.NoteFailure(action.Key, parts.Clock.GetUtcNow());
        }
#pragma warning restore CA1031
    }

    /// <summary>The addresses of a pod; none: it has no sandbox that is ready.</summary>
    public IReadOnlyList<string> AddressesOf(PodView view) =>
        view.Sandbox is not { } sandbox ? []
        : view.Pod.Spec.HostNetwork || parts.Runtime.SharesHostNetwork ? parts.Addresses()
        : sandbox.Addresses;

    private async Task<Action?> ActAsync(
        PodRecord record, PodView view, PodAction action, bool isRepeated, CancellationToken cancellation)
    {
        switch (action)
        {
            case PreparePod:
                return await PrepareAsync(record, view.Pod, cancellation);
            case MakeSandbox make:
                await MakeSandboxAsync(record, view.Pod, make, cancellation);
                return null;
            case StartContainer start:
                await _starter.StartAsync(view.Pod, start, SurroundingsOf(record, view, start), cancellation);
                return () => record.Waits.Remove(start.Container.Name);
            case KillContainer kill:
                await _stopper.StopAsync(view.Pod, kill, AddressesOf(view).FirstOrDefault(""), isRepeated, cancellation);
                return null;
            case StopSandbox stop:
                await StopSandboxAsync(view, stop, cancellation);
                return () => record.StoppedSandboxes.Add(stop.Sandbox.Id);
            case RemoveContainer remove:
                await _remains.RemoveContainerAsync(view.Pod, remove.Container, cancellation);
                return null;
            case RemoveSandbox remove:
                await parts.Runtime.RemoveSandboxAsync(remove.Sandbox.Id, cancellation);
                return null;
            case ReleasePod:
                await _remains.ReleaseAsync(view, cancellation);
                return () => record.IsReleased = true;
            case DeletePod:
                await parts.Api.DeleteAsync(view.Pod, cancellation);
                return () => record.IsDeleted = true;
            default:
                throw new InvalidOperationException($"nobody does {action}");
        }
    }

    private async Task<Action?> PrepareAsync(PodRecord record, PodManifest pod, CancellationToken cancellation)
    {
        var parent = parts.Cgroups.Ensure(pod);
        var volumes = await parts.Volumes.EnsureAsync(pod, cancellation);
        return () => (record.CgroupParent, record.Volumes) = (parent, volumes);
    }

    private async Task MakeSandboxAsync(PodRecord record, PodManifest pod, MakeSandbox make, CancellationToken cancellation)
    {
        var settings = await parts.Planner.PlanSandboxAsync(pod, make.Attempt, cancellation);
        await parts.Runtime.RunSandboxAsync(settings with { CgroupParent = record.CgroupParent }, cancellation);
    }

    private async Task StopSandboxAsync(PodView view, StopSandbox stop, CancellationToken cancellation)
    {
        if (stop.IsReplaced)
        {
            parts.Events.Tell(view.Pod, false, "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.");
        }

        await parts.Runtime.StopSandboxAsync(stop.Sandbox.Id, cancellation);
    }

    private StartSurroundings SurroundingsOf(PodRecord record, PodView view, StartContainer start)
    {
        var target = start.Container.TargetContainerName;
        var targetId = target.Length == 0
            ? ""
            : view.Containers.FirstOrDefault(c => c.Name == target && c.Phase == ContainerPhase.Running)?.Id ?? "";
        return new StartSurroundings(record.Volumes!, AddressesOf(view), record.CgroupParent, targetId);
    }

    private void Tell(PodManifest pod, PodAction action, Exception failure)
    {
        switch (action)
        {
            case MakeSandbox:
                parts.Events.Tell(pod, true, "FailedCreatePodSandBox", $"Failed to create pod sandbox: {failure.Message}");
                break;
            case PreparePod:
                parts.Events.Tell(pod, true, (failure as VolumeException)?.Reason ?? "FailedMount", failure.Message);
                break;
            case StopSandbox or KillContainer:
                parts.Events.Tell(pod, true, "FailedKillPod", $"error killing pod: {failure.Message}");
                break;
            default:
                parts.Warn($"{pod}: {action.Key}: {failure.Message}");
                break;
        }
    }
}

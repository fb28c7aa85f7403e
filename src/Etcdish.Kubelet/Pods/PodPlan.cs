using Etcdish.Kubelet.Runtime;
using Etcdish.Kubernetes;

namespace Etcdish.Kubelet.Pods;

/// <summary>
/// Decides what is to be done about a pod: a function of what is seen of it, without memory, clock or I/O of its own. It may be asked at any
/// time and any number of times; what is being done already is not begun again.
/// </summary>
internal sealed class PodPlan
{
    private readonly PodView _view;
    private readonly IReadOnlyList<ContainerHistory> _containers;
    private readonly List<PodAction> _actions = [];
    private readonly Dictionary<string, ContainerWait> _waits;
    private DateTimeOffset? _wakeAt;

    private PodPlan(PodView view)
    {
        _view = view;
        _containers = ContainerHistory.All(view);
        _waits = new Dictionary<string, ContainerWait>(view.Waits);
    }

    /// <summary>What is to be done now.</summary>
    public static PodDecision Next(PodView view)
    {
        var plan = new PodPlan(view);
        var ending = view.Ending ?? plan.Completion() ?? plan.Deadline();
        var stage = ending is null ? plan.Live() : plan.End(ending);
        return new PodDecision(stage, ending, plan._actions, plan._wakeAt, plan._waits);
    }

    /// <summary>Whether a pod's init containers are behind it: some container that comes after them was made in this sandbox.</summary>
    public static bool IsInitialized(SandboxState? sandbox, IReadOnlyList<ContainerHistory> containers)
    {
        foreach (var container in containers)
        {
            if (container.Role == ContainerRole.Regular && container.Latest is { } latest && latest.SandboxId == sandbox?.Id)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The end that comes by itself; null: the pod goes on.</summary>
    private PodEnding? Completion()
    {
        if ((string?)_view.LastStatus?["phase"] is "Succeeded" or "Failed")
        {
            return Completed();
        }

        var all = true;
        foreach (var container in _containers)
        {
            var isBusy = IsBusy(StartContainer.KeyOf(container.Manifest.Name));
            if (container.Role == ContainerRole.Init && container.IsDone && container.ExitCode != 0 && !isBusy)
            {
                return Completed();
            }

            all &= container.Role != ContainerRole.Regular || (container.IsDone && !isBusy);
        }

        return all ? Completed() : null;
    }

    private PodEnding? Deadline()
    {
        if (_view.Pod.Spec.ActiveDeadlineSeconds is not { } seconds
            || !TimeText.TryParse((string?)_view.LastStatus?["startTime"] ?? "", out var since))
        {
            return null;
        }

        var deadline = since + TimeSpan.FromSeconds(seconds);
        if (deadline > _view.Now)
        {
            WakeAt(deadline);
            return null;
        }

        const string Message = "Pod was active on the node longer than the specified deadline";
        return new PodEnding(EndingCause.Failed, _view.Now + _view.Pod.Grace(), "DeadlineExceeded", Message);
    }

    private PodEnding Completed() => new(EndingCause.Completed, _view.Now + _view.Pod.Grace());

    private PodStage Live()
    {
        if (_view.Sandbox is not { } sandbox)
        {
            MakeReady();
            return PodStage.Preparing;
        }

        if (!_view.IsPrepared)
        {
            // Taken over from a kubelet before this one: what shows objects is to be kept up to date.
            Do(new PreparePod());
        }

        DropSpareSandboxes(sandbox);
        foreach (var container in _containers)
        {
            Watch(container);
        }

        StartMissing(sandbox, ContainerRole.Ephemeral);
        var isInitialized = IsInitialized(sandbox, _containers);
        var goesOn = Initialize(sandbox, isInitialized);
        if (isInitialized || goesOn)
        {
            StartMissing(sandbox, ContainerRole.Regular);
        }

        RemoveOld();
        return isInitialized || goesOn ? PodStage.Running : PodStage.Initializing;
    }

    private void MakeReady()
    {
        if (!_view.IsPrepared)
        {
            Do(new PreparePod());
            return;
        }

        var isClear = true;
        foreach (var container in _view.Containers)
        {
            if (container.Phase is ContainerPhase.Running or ContainerPhase.Unknown)
            {
                isClear = false;
                Kill(container, _view.Now, "Pod sandbox changed, it will be killed and re-created.");
            }
        }

        foreach (var sandbox in _view.Sandboxes)
        {
            if (!_view.StoppedSandboxes.Contains(sandbox.Id))
            {
                isClear = false;
                Do(new StopSandbox(sandbox, IsReplaced: true));
            }
        }

        if (isClear)
        {
            Do(new MakeSandbox(_view.Sandboxes.Count == 0 ? 0 : _view.Sandboxes[0].Attempt + 1));
        }
    }

    /// <summary>Stops sandboxes that are ready beside the newest, and removes those of which nothing is left.</summary>
    private void DropSpareSandboxes(SandboxState current)
    {
        foreach (var sandbox in _view.Sandboxes)
        {
            if (sandbox.Id == current.Id)
            {
                continue;
            }

            if (sandbox.IsReady || !_view.StoppedSandboxes.Contains(sandbox.Id))
            {
                Do(new StopSandbox(sandbox, IsReplaced: true));
            }
            else if (!_view.Containers.Any(container => container.SandboxId == sandbox.Id))
            {
                Do(new RemoveSandbox(sandbox));
            }
        }
    }

    /// <summary>Ends a running container whose probes or definition want it.</summary>
    private void Watch(ContainerHistory container)
    {
        if (container.Latest is not { } latest || IsBusy(StartContainer.KeyOf(container.Manifest.Name)))
        {
            return;
        }

        if (latest.Phase == ContainerPhase.Unknown)
        {
            Kill(latest, _view.Now + _view.Pod.Grace(), $"Container {latest.Name} is in unknown state, try killing it before restart");
        }
        else if (latest.Phase == ContainerPhase.Running && _view.Probe(latest.Id) is { Killer: { } killer } results)
        {
            var grace = killer.TerminationGracePeriodSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : _view.Pod.Grace();
            var again = container.Policy == "Never" ? "" : ", will be restarted";
            Kill(latest, _view.Now + grace, $"Container {latest.Name} failed {results.KillerKind} probe{again}");
        }
        else if (latest.Phase == ContainerPhase.Running && container.Role != ContainerRole.Ephemeral && container.HasOtherDefinition())
        {
            Kill(latest, _view.Now + _view.Pod.Grace(), $"Container {latest.Name} definition changed, will be restarted");
        }
    }

    /// <summary>Takes the next step of the init containers. True: they are behind the pod.</summary>
    private bool Initialize(SandboxState sandbox, bool isInitialized)
    {
        foreach (var container in _containers)
        {
            if (container.Role == ContainerRole.Sidecar)
            {
                if (!container.IsRunning)
                {
                    Start(container, sandbox);
                }

                var hasStarted = container.IsRunning && !IsBusy(StartContainer.KeyOf(container.Manifest.Name))
                    && _view.Probe(container.Latest!.Id).IsStarted;
                if (!hasStarted && !isInitialized)
                {
                    return false;
                }
            }
            else if (container.Role == ContainerRole.Init && !isInitialized && !HasSucceeded(container, sandbox))
            {
                Start(container, sandbox);
                return false;
            }
        }

        return true;
    }

    private static bool HasSucceeded(ContainerHistory container, SandboxState sandbox) =>
        container.Latest is { Phase: ContainerPhase.Exited, ExitCode: 0 } latest && latest.SandboxId == sandbox.Id;

    private void StartMissing(SandboxState sandbox, ContainerRole role)
    {
        foreach (var container in _containers)
        {
            if (container.Role == role && !container.IsDone)
            {
                Start(container, sandbox);
            }
        }
    }

    /// <summary>Starts a container that does not run, unless it must wait.</summary>
    private void Start(ContainerHistory container, SandboxState sandbox)
    {
        var latest = container.Latest;
        if (!_view.IsPrepared)
        {
            return;
        }

        switch (latest?.Phase)
        {
            case ContainerPhase.Running or ContainerPhase.Unknown:
                return;
            case ContainerPhase.Created when latest.SandboxId == sandbox.Id:
                Do(new StartContainer(container.Manifest, sandbox, latest.Attempt, latest, container.Previous));
                return;
            case ContainerPhase.Created:
                Do(new RemoveContainer(latest));
                return;
            case ContainerPhase.Exited when !IsBusy(StartContainer.KeyOf(latest.Name)) && !MayStartAgain(container, latest):
                return;
            default:
                Do(new StartContainer(container.Manifest, sandbox, container.NextAttempt, null, latest));
                return;
        }
    }

    private bool MayStartAgain(ContainerHistory container, ContainerState ended)
    {
        CrashBackOff? backOff = _view.BackOffs.TryGetValue(ended.Name, out var known) ? known : null;
        var at = CrashBackOff.RetryAt(backOff, ended.FinishedAt ?? ended.CreatedAt);
        if (at <= _view.Now)
        {
            return true;
        }

        var pause = DurationText.Format((long)known.Delay.TotalSeconds * 1_000_000_000L);
        _waits[ended.Name] = new ContainerWait(
            "CrashLoopBackOff", $"back-off {pause} restarting failed container={container.Manifest.Name} pod={_view.Pod.Describe()}");
        WakeAt(at);
        return false;
    }

    /// <summary>Removes tries of which neither state nor last state is shown any more.</summary>
    private void RemoveOld()
    {
        foreach (var state in _view.Containers)
        {
            if (state.Phase != ContainerPhase.Exited)
            {
                continue;
            }

            var newer = _view.Containers.Count(other => other.Name == state.Name && other.Attempt > state.Attempt);
            if (newer >= 2)
            {
                Do(new RemoveContainer(state));
            }
        }
    }

    private PodStage End(PodEnding ending)
    {
        var isStarting = _view.Running.Values.Any(action => action.IsForStart);
        var isAlive = StopContainers(ending);
        if (isStarting || isAlive)
        {
            return PodStage.Stopping;
        }

        var isStopped = true;
        foreach (var sandbox in _view.Sandboxes)
        {
            if (sandbox.IsReady || !_view.StoppedSandboxes.Contains(sandbox.Id))
            {
                isStopped = false;
                Do(new StopSandbox(sandbox, IsReplaced: false));
            }
        }

        if (!isStopped || !_view.IsReleased)
        {
            if (isStopped)
            {
                Do(new ReleasePod());
            }

            return PodStage.Releasing;
        }

        return _view.IsToVanish ? Vanish() : PodStage.Ended;
    }

    /// <summary>Ends what may run: sidecars when nothing else does, the last one first. False: nothing does.</summary>
    private bool StopContainers(PodEnding ending)
    {
        var alive = new List<ContainerState>();
        foreach (var state in _view.Containers)
        {
            if (state.Phase == ContainerPhase.Created)
            {
                if (!IsBusy(StartContainer.KeyOf(state.Name)))
                {
                    Do(new RemoveContainer(state));
                }

                alive.Add(state);
            }
            else if (state.Phase is ContainerPhase.Running or ContainerPhase.Unknown)
            {
                alive.Add(state);
            }
        }

        var sidecars = _containers.Where(c => c.Role == ContainerRole.Sidecar).Select(c => c.Manifest.Name).ToList();
        var others = alive.Where(state => !sidecars.Contains(state.Name)).ToList();
        var now = others.Count > 0 ? others : alive.Where(state => state.Name == LastAlive(sidecars, alive));
        foreach (var state in now.Where(state => state.Phase != ContainerPhase.Created))
        {
            Kill(state, ending.Until, $"Stopping container {state.Name}");
        }

        return alive.Count > 0;
    }

    private static string? LastAlive(List<string> sidecars, List<ContainerState> alive) =>
        sidecars.FindLast(name => alive.Exists(state => state.Name == name));

    private PodStage Vanish()
    {
        if (!_view.IsFinalKnown && !_view.IsVanished)
        {
            // Who writes the status looks again when it is written.
            return PodStage.Ended;
        }

        foreach (var sandbox in _view.Sandboxes)
        {
            Do(new RemoveSandbox(sandbox));
        }

        foreach (var container in _view.Containers)
        {
            if (!_view.Sandboxes.Any(sandbox => sandbox.Id == container.SandboxId))
            {
                Do(new RemoveContainer(container));
            }
        }

        if (_view.Sandboxes.Count + _view.Containers.Count > 0)
        {
            return PodStage.Removing;
        }

        if (_view.IsVanished)
        {
            return PodStage.Gone;
        }

        if (!_view.IsDeleted)
        {
            Do(new DeletePod());
        }

        return PodStage.Removing;
    }

    private void Kill(ContainerState state, DateTimeOffset until, string message)
    {
        var manifest = _containers.FirstOrDefault(container => container.Manifest.Name == state.Name)?.Manifest;
        var action = new KillContainer(state, manifest, until, message);
        if (_view.Running.GetValueOrDefault(action.Key) is KillContainer running && until < running.Until)
        {
            // It has less time than it had: the same again, with less.
            _actions.Add(action);
            return;
        }

        Do(action);
    }

    private bool IsBusy(string key) => _view.Running.ContainsKey(key);

    private void Do(PodAction action)
    {
        if (IsBusy(action.Key))
        {
            return;
        }

        if (_view.Retries.TryGetValue(action.Key, out var retryAt) && retryAt > _view.Now)
        {
            WakeAt(retryAt);
            return;
        }

        _actions.Add(action);
    }

    private void WakeAt(DateTimeOffset at) => _wakeAt = _wakeAt is { } known && known <= at ? known : at;
}

using Etcdish.Kubelet.Runtime;
using Microsoft.AspNetCore.Http;

namespace Etcdish.Kubelet.Tests.Fakes;

/// <summary>
/// A runtime in memory: containers run programs that are named by their images, on the test's clock. It notes every call, breaks what the
/// test wants broken, and notes what no kubelet may do (<see cref="Violations"/>).
/// </summary>
internal sealed class FakeRuntime(TimeProvider clock) : IContainerRuntime
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, SandboxState> _sandboxes = [];
    private readonly Dictionary<string, FakeContainer> _containers = [];
    private readonly List<string> _calls = [];
    private readonly List<string> _violations = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _number;
    private int _waiting;

    /// <summary>What containers do, by image. Those of other images run until they are stopped.</summary>
    public Dictionary<string, FakeProgram> Programs { get; } = [];

    /// <summary>Says how a call goes wrong, given its name and what it is about (a pod's or container's name).</summary>
    public Func<string, string, FakeFault>? Faults { get; set; }

    /// <summary>Is awaited before a call does anything, given its name and what it is about: holds calls, for tests of what happens meanwhile.</summary>
    public Func<string, string, Task>? Hold { get; set; }

    /// <summary>Sees a container that is about to start, and all there are.</summary>
    public Action<ContainerState, IReadOnlyList<ContainerState>>? Starting { get; set; }

    /// <summary>Sees a container that is about to be stopped, and all there are.</summary>
    public Action<ContainerState, IReadOnlyList<ContainerState>>? Stopping { get; set; }

    /// <summary>Answers commands (exec probes and hooks), given the container's name and the command.</summary>
    public Func<string, IReadOnlyList<string>, CommandOutput> Command { get; set; } = (_, _) => new CommandOutput(0, [], []);

    public FakeImages Images { get; } = new();

    IImageService IContainerRuntime.Images => Images;

    public bool SharesHostNetwork { get; init; }

    /// <summary>How many calls wait for the clock: for containers that do not end when they are asked to.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>What a runtime is asked to change, in order, such as <c>start web 0</c>.</summary>
    public IReadOnlyList<string> Calls
    {
        get
        {
            lock (_lock)
            {
                return [.. _calls];
            }
        }
    }

    /// <summary>What was wrong, such as two running containers of one name.</summary>
    public IReadOnlyList<string> Violations
    {
        get
        {
            lock (_lock)
            {
                return [.. _violations];
            }
        }
    }

    /// <summary>All containers, with all that is known.</summary>
    public IReadOnlyList<ContainerState> Containers
    {
        get
        {
            lock (_lock)
            {
                return [.. _containers.Values.Select(container => container.State)];
            }
        }
    }

    /// <summary>All sandboxes.</summary>
    public IReadOnlyList<SandboxState> Sandboxes
    {
        get
        {
            lock (_lock)
            {
                return [.. _sandboxes.Values];
            }
        }
    }

    /// <summary>Those that run, as <c>pod/container</c>.</summary>
    public IReadOnlyList<string> Running =>
        [.. Containers.Where(c => c.Phase == ContainerPhase.Running).Select(c => $"{c.Pod.Name}/{c.Name}").Order(StringComparer.Ordinal)];

    /// <summary>Ends a running container, as if its process had.</summary>
    public void Exit(string pod, string container, int code, string? reason = null)
    {
        lock (_lock)
        {
            var running = _containers.Values.FirstOrDefault(
                c => c.State.Pod.Name == pod && c.State.Name == container && c.State.Phase == ContainerPhase.Running);
            if (running is not null)
            {
                End(running, code, reason);
            }
        }
    }

    /// <summary>Takes a pod's sandbox down, with all that runs in it, as a crash of the machine's network or a reboot does.</summary>
    public void LoseSandbox(string pod)
    {
        lock (_lock)
        {
            foreach (var sandbox in _sandboxes.Values.Where(s => s.Pod.Name == pod).ToList())
            {
                StopLocked(sandbox);
            }
        }
    }

    public Task WaitForChangeAsync(CancellationToken cancellation)
    {
        lock (_lock)
        {
            return _changed.Task.WaitAsync(cancellation);
        }
    }

    public async Task<RuntimeInfo> GetInfoAsync(CancellationToken cancellation)
    {
        await BeginAsync("info", "", cancellation);
        return new RuntimeInfo("fake", "1.0", "", "");
    }

    public async Task<RuntimeSnapshot> ListAsync(CancellationToken cancellation)
    {
        await BeginAsync("list", "", cancellation);
        lock (_lock)
        {
            return new RuntimeSnapshot(
                [.. _sandboxes.Values.Select(s => s with { Addresses = [] })],
                [.. _containers.Values.Select(c => c.State with { StartedAt = null, FinishedAt = null, ExitCode = 0, Reason = "" })]);
        }
    }

    public async Task<SandboxState?> GetSandboxAsync(string id, CancellationToken cancellation)
    {
        await BeginAsync("get-sandbox", id, cancellation);
        lock (_lock)
        {
            return _sandboxes.GetValueOrDefault(id);
        }
    }

    public async Task<ContainerState?> GetContainerAsync(string id, CancellationToken cancellation)
    {
        await BeginAsync("get-container", id, cancellation);
        lock (_lock)
        {
            return _containers.GetValueOrDefault(id)?.State;
        }
    }

    public Task<string> RunSandboxAsync(SandboxSettings settings, CancellationToken cancellation) =>
        ChangeAsync("sandbox", settings.Pod.Name, $"{settings.Pod.Name} {settings.Attempt}", () =>
        {
            if (_sandboxes.Values.Any(s => s.Pod.Uid == settings.Pod.Uid && s.Attempt == settings.Attempt))
            {
                throw new RuntimeException($"the name of sandbox {settings.Pod.Name} {settings.Attempt} is taken");
            }

            if (_sandboxes.Values.Any(s => s.Pod.Uid == settings.Pod.Uid && s.IsReady))
            {
                _violations.Add($"two ready sandboxes of {settings.Pod.Name}");
            }

            var id = $"s{++_number}";
            _sandboxes[id] = new SandboxState
            {
                Id = id,
                Pod = settings.Pod,
                Attempt = settings.Attempt,
                IsReady = true,
                CreatedAt = clock.GetUtcNow(),
                Addresses = settings.HostNetwork || SharesHostNetwork ? [] : [$"10.1.{_number / 250}.{(_number % 250) + 1}"],
                Labels = settings.Labels,
                Annotations = settings.Annotations,
            };
            return id;
        }, cancellation);

    public Task StopSandboxAsync(string id, CancellationToken cancellation) =>
        ChangeAsync("stop-sandbox", PodOf(id), PodOf(id), () =>
        {
            if (_sandboxes.TryGetValue(id, out var sandbox))
            {
                StopLocked(sandbox);
            }

            return "";
        }, cancellation);

    public Task RemoveSandboxAsync(string id, CancellationToken cancellation) =>
        ChangeAsync("remove-sandbox", PodOf(id), PodOf(id), () =>
        {
            if (_sandboxes.Remove(id, out var sandbox))
            {
                foreach (var container in _containers.Values.Where(c => c.State.SandboxId == id).ToList())
                {
                    RemoveLocked(container);
                }

                _violations.AddRange(sandbox.IsReady ? [$"the sandbox of {sandbox.Pod.Name} was removed before it was stopped"] : []);
            }

            return "";
        }, cancellation);

    public Task<string> CreateContainerAsync(
        string sandboxId, SandboxSettings sandbox, ContainerSettings settings, CancellationToken cancellation) =>
        ChangeAsync("create", settings.Name, $"{settings.Name} {settings.Attempt}", () =>
        {
            if (!_sandboxes.TryGetValue(sandboxId, out var place) || !place.IsReady)
            {
                throw new RuntimeException($"sandbox {sandboxId} is not ready");
            }

            if (_containers.Values.Any(
                c => c.State.Pod == place.Pod && c.State.Name == settings.Name && c.State.Attempt == settings.Attempt))
            {
                throw new RuntimeException($"the name of container {settings.Name} {settings.Attempt} is taken");
            }

            var id = $"c{++_number}";
            _containers[id] = new FakeContainer(
                new ContainerState
                {
                    Id = id,
                    SandboxId = sandboxId,
                    Pod = place.Pod,
                    Name = settings.Name,
                    Attempt = settings.Attempt,
                    Phase = ContainerPhase.Created,
                    Labels = settings.Labels,
                    Annotations = settings.Annotations,
                    Image = settings.Image,
                    ImageReference = settings.ImageReference,
                    CreatedAt = clock.GetUtcNow(),
                    LogPath = settings.LogPath,
                    Resources = settings.Resources,
                },
                Programs.GetValueOrDefault(settings.Image) ?? FakeProgram.Endless);
            return id;
        }, cancellation);

    public Task StartContainerAsync(string id, CancellationToken cancellation) =>
        ChangeAsync("start", NameOf(id), Describe(id), () =>
        {
            var container = Find(id);
            if (container.State.Phase != ContainerPhase.Created)
            {
                throw new RuntimeException($"container {id} is {container.State.Phase}");
            }

            if (container.Program.StartError.Length > 0)
            {
                End(container, 128, "StartError", container.Program.StartError);
                throw new RuntimeException(container.Program.StartError);
            }

            if (_containers.Values.Any(c => c.IsRunning && c.State.Pod.Uid == container.State.Pod.Uid && c.State.Name == container.State.Name))
            {
                _violations.Add($"two containers {container.State.Pod.Name}/{container.State.Name} run");
            }

            Starting?.Invoke(container.State, Containers);
            container.State = container.State with { Phase = ContainerPhase.Running, StartedAt = clock.GetUtcNow() };
            if (container.Program.RunsFor is { } time)
            {
                container.Timer = clock.CreateTimer(_ => EndByItself(container), null, time, Timeout.InfiniteTimeSpan);
            }

            return "";
        }, cancellation);

    public async Task StopContainerAsync(string id, TimeSpan grace, CancellationToken cancellation)
    {
        var needsKill = false;
        await ChangeAsync("stop", NameOf(id), $"{Describe(id)} {grace.TotalSeconds:0}", () =>
        {
            if (_containers.TryGetValue(id, out var container))
            {
                Stopping?.Invoke(container.State, Containers);
                needsKill = container.IsRunning && container.Program.IgnoresStop && grace > TimeSpan.Zero;
                if (!needsKill)
                {
                    End(container, grace > TimeSpan.Zero ? container.Program.StopCode : 137, null);
                }
            }

            return "";
        }, cancellation);
        if (!needsKill)
        {
            return;
        }

        // Only who waits by the clock already is counted: from then on it may be moved.
        var ended = WaitForEndAsync(id).WaitAsync(grace, clock, cancellation);
        Interlocked.Increment(ref _waiting);
        await ended.ContinueWith(
            _ => Interlocked.Decrement(ref _waiting),
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
        cancellation.ThrowIfCancellationRequested();
        lock (_lock)
        {
            if (_containers.TryGetValue(id, out var container))
            {
                End(container, 137, null);
            }
        }
    }

    public Task RemoveContainerAsync(string id, CancellationToken cancellation) =>
        ChangeAsync("remove", NameOf(id), Describe(id), () =>
        {
            if (_containers.TryGetValue(id, out var container))
            {
                RemoveLocked(container);
            }

            return "";
        }, cancellation);

    public Task UpdateResourcesAsync(string id, ResourceSettings resources, CancellationToken cancellation) =>
        ChangeAsync("update", NameOf(id), Describe(id), () =>
        {
            var container = Find(id);
            container.State = container.State with { Resources = resources };
            return "";
        }, cancellation);

    public Task ReopenLogAsync(string id, CancellationToken cancellation) => Task.CompletedTask;

    public Task<CommandOutput> RunCommandAsync(string id, IReadOnlyList<string> command, TimeSpan limit, CancellationToken cancellation) =>
        Task.FromResult(Command(NameOf(id), command));

    public Task<IReadOnlyList<ContainerUsage>> ListUsageAsync(CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<ContainerUsage>>([]);

    public Task ServeExecAsync(HttpContext http, string containerId, IReadOnlyList<string> command, AttachedStreams streams) =>
        http.Response.WriteAsync($"exec {containerId} {string.Join(' ', command)}");

    public Task ServeAttachAsync(HttpContext http, string containerId, AttachedStreams streams) =>
        http.Response.WriteAsync($"attach {containerId}");

    public Task ServePortForwardAsync(HttpContext http, string sandboxId) => http.Response.WriteAsync($"port-forward {sandboxId}");

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async Task BeginAsync(string call, string about, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (Hold is { } hold)
        {
            await hold(call, about).WaitAsync(cancellation);
        }
    }

    private async Task<string> ChangeAsync(string call, string about, string note, Func<string> change, CancellationToken cancellation)
    {
        await BeginAsync(call, about, cancellation);
        lock (_lock)
        {
            _calls.Add($"{call} {note}");
            var fault = Faults?.Invoke(call, about) ?? FakeFault.None;
            if (fault == FakeFault.NotDone)
            {
                throw new RuntimeException($"{call} {note}: it did not work");
            }

            var answer = change();
            Signal();
            return fault == FakeFault.AnswerLost ? throw new RuntimeException($"{call} {note}: the answer was lost") : answer;
        }
    }

    private void EndByItself(FakeContainer container)
    {
        lock (_lock)
        {
            End(container, container.Program.ExitCode, null);
        }
    }

    private void End(FakeContainer container, int code, string? reason, string message = "")
    {
        if (container.State.Phase is ContainerPhase.Exited)
        {
            return;
        }

        container.Timer?.Dispose();
        container.State = container.State with
        {
            Phase = ContainerPhase.Exited,
            ExitCode = code,
            Reason = reason ?? (code == 0 ? "Completed" : "Error"),
            Message = message.Length > 0 ? message : container.Program.Message,
            FinishedAt = clock.GetUtcNow(),
        };
        container.Ended.TrySetResult();
        Signal();
    }

    private void StopLocked(SandboxState sandbox)
    {
        foreach (var container in _containers.Values.Where(c => c.State.SandboxId == sandbox.Id).ToList())
        {
            End(container, 137, null);
        }

        _sandboxes[sandbox.Id] = sandbox with { IsReady = false, Addresses = [] };
        Signal();
    }

    private void RemoveLocked(FakeContainer container)
    {
        if (container.IsRunning)
        {
            _violations.Add($"{container.State.Pod.Name}/{container.State.Name} was removed while it ran");
        }

        End(container, 137, null);
        _containers.Remove(container.State.Id);
    }

    private Task WaitForEndAsync(string id)
    {
        lock (_lock)
        {
            return _containers.TryGetValue(id, out var container) ? container.Ended.Task : Task.CompletedTask;
        }
    }

    private void Signal()
    {
        var changed = _changed;
        _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        changed.TrySetResult();
    }

    private FakeContainer Find(string id) =>
        _containers.GetValueOrDefault(id) ?? throw new RuntimeException($"container {id} is not there", isAbsent: true);

    private string NameOf(string id)
    {
        lock (_lock)
        {
            return _containers.GetValueOrDefault(id)?.State.Name ?? id;
        }
    }

    private string Describe(string id)
    {
        lock (_lock)
        {
            return _containers.GetValueOrDefault(id)?.State is { } state ? $"{state.Name} {state.Attempt}" : id;
        }
    }

    private string PodOf(string sandboxId)
    {
        lock (_lock)
        {
            return _sandboxes.GetValueOrDefault(sandboxId)?.Pod.Name ?? sandboxId;
        }
    }

    private sealed class FakeContainer(ContainerState state, FakeProgram program)
    {
        public ContainerState State { get; set; } = state;

        public FakeProgram Program { get; } = program;

        public ITimer? Timer { get; set; }

        public TaskCompletionSource Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool IsRunning => State.Phase == ContainerPhase.Running;
    }
}

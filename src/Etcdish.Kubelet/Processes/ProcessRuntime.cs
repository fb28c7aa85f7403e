using System.Collections.Concurrent;
using System.Security.Cryptography;
using Etcdish.Kubelet.Cgroups;
using Etcdish.Kubelet.Cri;
using Etcdish.Kubelet.Runtime;
using Microsoft.AspNetCore.Http;

namespace Etcdish.Kubelet.Processes;

/// <summary>
/// Runs containers as processes of the node, with the node's programs. The README beside says what they get of their own.
/// </summary>
internal sealed class ProcessRuntime : IContainerRuntime
{
    /// <summary>How many containers are being started at the same time: each needs a processor then.</summary>
    private const int MostStarts = 4;

    /// <summary>How often it looks for containers of which nobody told that they ended.</summary>
    private static readonly TimeSpan _sweepPeriod = TimeSpan.FromSeconds(10);

    private readonly ProcessRuntimeOptions _options;
    private readonly TimeProvider _clock;
    private readonly Action<string> _warn;
    private readonly RuntimeFolder _folder;
    private readonly ContainerGroups _groups;
    private readonly ProcessSandboxes _sandboxes;
    private readonly ConcurrentDictionary<string, ProcessContainer> _containers = new(StringComparer.Ordinal);
    private readonly ChangeSignal _changes = new();
    private readonly SemaphoreSlim _starts = new(MostStarts);
    private readonly FileSystemWatcher _watcher;
    private readonly CancellationTokenSource _stop = new();
    private Task _checks = Task.CompletedTask;
    private bool _isDisposed;

    private ProcessRuntime(ProcessRuntimeOptions options, TimeProvider clock, Action<string> warn)
    {
        _options = options;
        _clock = clock;
        _warn = warn;
        _folder = new RuntimeFolder(options.Folder);
        _sandboxes = new ProcessSandboxes(_folder, options, clock, warn);
        var tree = CgroupTree.Open(options.CgroupRoot, out var problem);
        if (tree is null)
        {
            warn($"containers have no limits, and what leaves a container's session outlives it: {problem}");
        }

        _groups = new ContainerGroups(tree, options.CgroupTop);
        Images = new ProcessImages(options.Folder, clock);
        _watcher = new FileSystemWatcher(_folder.Run) { NotifyFilter = NotifyFilters.LastWrite };
        _watcher.Changed += (_, change) => Notice(change.Name ?? "");
        _watcher.Error += (_, _) => Sweep();
    }

    /// <inheritdoc/>
    public IImageService Images { get; }

    /// <inheritdoc/>
    public bool SharesHostNetwork => _options.Networks is null;

    /// <summary>Opens a folder, and goes on with all that is and was running there.</summary>
    /// <exception cref="RuntimeException">Another runtime has it.</exception>
    public static ProcessRuntime Open(ProcessRuntimeOptions options, TimeProvider clock, Action<string> warn)
    {
        var runtime = new ProcessRuntime(options, clock, warn);
        runtime.Load();
        runtime._watcher.EnableRaisingEvents = true;
        runtime.Sweep();
        runtime._checks = Task.Run(() => runtime._sandboxes.CheckAsync(runtime._stop.Token));
        return runtime;
    }

    /// <inheritdoc/>
    public async Task WaitForChangeAsync(CancellationToken cancellation)
    {
        try
        {
            await _changes.WaitAsync(cancellation).WaitAsync(_sweepPeriod, _clock, cancellation);
        }
        catch (TimeoutException)
        {
            Sweep();
        }
    }

    /// <inheritdoc/>
    public Task<RuntimeInfo> GetInfoAsync(CancellationToken cancellation)
    {
        var version = typeof(ProcessRuntime).Assembly.GetName().Version?.ToString(3) ?? "";
        return Task.FromResult(new RuntimeInfo("process", version, "", _options.Networks?.NotReady ?? ""));
    }

    /// <inheritdoc/>
    public Task<RuntimeSnapshot> ListAsync(CancellationToken cancellation) => Task.FromResult(new RuntimeSnapshot(
        [.. _sandboxes.All.Select(_sandboxes.Describe)],
        [.. _containers.Values.Select(container => container.Describe())]));

    /// <inheritdoc/>
    public Task<SandboxState?> GetSandboxAsync(string id, CancellationToken cancellation) =>
        Task.FromResult(_sandboxes.Find(id) is { } sandbox ? _sandboxes.Describe(sandbox) : null);

    /// <inheritdoc/>
    public Task<ContainerState?> GetContainerAsync(string id, CancellationToken cancellation) =>
        Task.FromResult(_containers.GetValueOrDefault(id)?.Describe());

    /// <inheritdoc/>
    public async Task<string> RunSandboxAsync(SandboxSettings settings, CancellationToken cancellation)
    {
        var sandbox = new StoredSandbox
        {
            Id = NewId(),
            Settings = settings,
            CreatedAt = _clock.GetUtcNow(),
            BootId = BootId.Current,
        };
        if (settings.LogDirectory.Length > 0)
        {
            Directory.CreateDirectory(settings.LogDirectory);
        }

        await _sandboxes.RunAsync(sandbox, cancellation);
        _changes.Pulse();
        return sandbox.Id;
    }

    /// <inheritdoc/>
    public async Task StopSandboxAsync(string id, CancellationToken cancellation)
    {
        if (_sandboxes.Find(id) is { } sandbox)
        {
            _sandboxes.MarkStopped(sandbox);
            await Task.WhenAll(ContainersOf(id).Select(container => container.StopAsync(TimeSpan.Zero, cancellation)));
            await _sandboxes.ReleaseAsync(id, cancellation);
            _changes.Pulse();
        }
    }

    /// <inheritdoc/>
    public async Task RemoveSandboxAsync(string id, CancellationToken cancellation)
    {
        await StopSandboxAsync(id, cancellation);
        await Task.WhenAll(ContainersOf(id).Select(container => RemoveContainerAsync(container.Record.Id, cancellation)));
        _sandboxes.Remove(id);
        _changes.Pulse();
    }

    /// <inheritdoc/>
    public Task<string> CreateContainerAsync(
        string sandboxId, SandboxSettings sandbox, ContainerSettings settings, CancellationToken cancellation)
    {
        if (settings.Command.Count + settings.Arguments.Count == 0)
        {
            throw new RuntimeException(
                $"container {settings.Name} has no `command`: the process runtime runs programs of the node and cannot ask image "
                + $"{settings.Image} what to run");
        }

        var owner = _sandboxes.FindReady(sandboxId);
        StopSignals.Parse(settings.StopSignal);
        var id = NewId();
        var record = new StoredContainer
        {
            Id = id,
            SandboxId = sandboxId,
            Pod = sandbox.Pod,
            Settings = settings,
            CreatedAt = _clock.GetUtcNow(),
            BootId = BootId.Current,
            Cgroup = _groups.Choose(sandbox.CgroupParent, id),
            Hostname = sandbox.HostNetwork ? "" : sandbox.Hostname,
            NetworkNamespace = owner.Network?.Namespace ?? "",
            Resolver = sandbox.Resolver,
            LogPath = settings.LogPath.Length > 0 ? Path.Combine(sandbox.LogDirectory, settings.LogPath) : "",
        };
        var folder = _folder.Container(id);
        Directory.CreateDirectory(folder.Root);
        if (_options.IsPrivileged)
        {
            PrivateRoot.Prepare(record, folder);
        }

        StoredForms.Save(folder.Record, record, StoredForms.Default.StoredContainer);
        _containers[id] = Open(record);
        _changes.Pulse();
        return Task.FromResult(id);
    }

    /// <inheritdoc/>
    public async Task StartContainerAsync(string id, CancellationToken cancellation)
    {
        var container = Find(id);
        await _starts.WaitAsync(cancellation);
        try
        {
            await container.StartAsync(cancellation);
        }
        finally
        {
            _starts.Release();
            _changes.Pulse();
        }

        container.Output.Wake();
    }

    /// <inheritdoc/>
    public Task StopContainerAsync(string id, TimeSpan grace, CancellationToken cancellation) =>
        _containers.TryGetValue(id, out var container) ? container.StopAsync(grace, cancellation) : Task.CompletedTask;

    /// <inheritdoc/>
    public async Task RemoveContainerAsync(string id, CancellationToken cancellation)
    {
        if (_containers.TryGetValue(id, out var container))
        {
            await container.RemoveAsync(cancellation);
            _containers.TryRemove(id, out _);
            _changes.Pulse();
        }
    }

    /// <inheritdoc/>
    public Task UpdateResourcesAsync(string id, ResourceSettings resources, CancellationToken cancellation)
    {
        try
        {
            Find(id).Update(resources);
            return Task.CompletedTask;
        }
        catch (IOException e)
        {
            throw new RuntimeException($"the limits of container {id} stay as they are: {e.Message}", inner: e);
        }
    }

    /// <inheritdoc/>
    public Task ReopenLogAsync(string id, CancellationToken cancellation)
    {
        Find(id).Output.Reopen();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<CommandOutput> RunCommandAsync(
        string id, IReadOnlyList<string> command, TimeSpan limit, CancellationToken cancellation) =>
        CapturedCommand.RunAsync(Processes(id), command, limit, _clock, cancellation);

    /// <inheritdoc/>
    public Task<IReadOnlyList<ContainerUsage>> ListUsageAsync(CancellationToken cancellation)
    {
        List<ContainerUsage> all = [.. _containers.Values.Select(container => container.ReadUsage()).OfType<ContainerUsage>()];
        foreach (var sandbox in _sandboxes.All)
        {
            if (_groups.Read(sandbox.Settings.CgroupParent) is { } used)
            {
                all.Add(new ContainerUsage(
                    sandbox.Settings.Pod, "", _clock.GetUtcNow(), used.CpuNanoseconds, used.WorkingSetBytes, used.MemoryBytes, -1)
                {
                    RssBytes = used.WorkingSetBytes,
                    StartedAt = sandbox.CreatedAt,
                });
            }
        }

        return Task.FromResult<IReadOnlyList<ContainerUsage>>(all);
    }

    /// <inheritdoc/>
    public Task ServeExecAsync(HttpContext http, string containerId, IReadOnlyList<string> command, AttachedStreams streams) =>
        ExecSession.ServeAsync(http, Processes(containerId), command, streams);

    /// <inheritdoc/>
    public Task ServeAttachAsync(HttpContext http, string containerId, AttachedStreams streams) =>
        AttachSession.ServeAsync(http, Find(containerId), streams);

    /// <inheritdoc/>
    public Task ServePortForwardAsync(HttpContext http, string sandboxId) =>
        PodPorts.ServeForwardAsync(http, _sandboxes.FindReady(sandboxId).Network?.Namespace ?? "");

    /// <summary>Leaves all containers running; who opens the folder next goes on with them.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, true))
        {
            return;
        }

        await _stop.CancelAsync();
        await _checks;
        _stop.Dispose();
        _watcher.Dispose();
        foreach (var container in _containers.Values)
        {
            container.Dispose();
        }

        _starts.Dispose();
        _folder.Dispose();
    }

    private static string NewId() => RandomNumberGenerator.GetHexString(64, lowercase: true);

    private ProcessContainer Find(string id) =>
        _containers.GetValueOrDefault(id) ?? throw new RuntimeException($"there is no container {id}", isAbsent: true);

    private ContainerProcesses Processes(string id) => new(Find(id), _groups, _options.IsPrivileged);

    private IEnumerable<ProcessContainer> ContainersOf(string sandbox) =>
        _containers.Values.Where(container => container.Record.SandboxId == sandbox);

    private ProcessContainer Open(StoredContainer record)
    {
        var container = new ProcessContainer(record, _folder.Container(record.Id), _groups, _clock, _options.IsPrivileged);
        container.Output.Failed += e => _warn($"the log of container {record.Settings.Name} cannot be written: {e.Message}");
        return container;
    }

    private void Load()
    {
        _sandboxes.Load();
        foreach (var path in Directory.GetDirectories(_folder.Containers))
        {
            if (StoredForms.Load(_folder.Container(Path.GetFileName(path)).Record, StoredForms.Default.StoredContainer) is { } record)
            {
                _containers[record.Id] = Open(record);
            }
            else
            {
                Directory.Delete(path, recursive: true);
            }
        }
    }

    /// <summary>A file of a container has changed: ID.out, ID.err or ID.exit.</summary>
    private void Notice(string file)
    {
        if (!_containers.TryGetValue(Path.GetFileNameWithoutExtension(file), out var container))
        {
            return;
        }

        if (file.EndsWith(".exit", StringComparison.Ordinal))
        {
            ThreadPool.QueueUserWorkItem(static (state) => state.Runtime.Settle(state.Container), (Runtime: this, Container: container), false);
        }
        else
        {
            container.Output.Wake();
        }
    }

    private void Settle(ProcessContainer container)
    {
        try
        {
            if (container.TrySettle())
            {
                _changes.Pulse();
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Tried again at the next sweep.
            _warn($"the end of container {container.Record.Settings.Name} cannot be recorded: {e.Message}");
        }
    }

    private void Sweep()
    {
        foreach (var container in _containers.Values)
        {
            Settle(container);
            if (container.IsRunning)
            {
                container.Output.Wake();
            }
        }
    }
}

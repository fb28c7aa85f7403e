using System.Diagnostics;
using System.Globalization;
using Etcdish.Kubelet.Runtime;

namespace Etcdish.Kubelet.Processes;

/// <summary>
/// A container: its record, its processes and how it ended. What it knows can be told from its folder, so whoever opens the folder later
/// goes on with it. Safe for use by many threads.
/// </summary>
internal sealed class ProcessContainer : IDisposable
{
    private const int ExitOfFailedStart = 128;
    private const int ExitNotKnown = 255;
    private const int ExitOfKilled = 137;
    private static readonly TimeSpan _lookAgain = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(10);
    private const int MostTries = 60;

    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _starting = new(1);
    private readonly HashSet<int> _commands = [];
    private readonly ContainerGroups _groups;
    private readonly TimeProvider _clock;
    private readonly bool _isPrivileged;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ProcessIdentity? _supervisor;
    private ProcessIdentity? _process;
    private DateTimeOffset? _startedAt;
    private ContainerEnd? _end;

    public ProcessContainer(StoredContainer record, ContainerFolder folder, ContainerGroups groups, TimeProvider clock, bool isPrivileged)
    {
        Record = record;
        Folder = folder;
        _groups = groups;
        _clock = clock;
        _isPrivileged = isPrivileged;
        Output = new ContainerOutput(folder, record.LogPath, clock);
        _end = StoredForms.Load(folder.End, StoredForms.Default.ContainerEnd);
        LoadProcesses();
        if (_end is not null)
        {
            _ended.SetResult();
        }
    }

    public StoredContainer Record { get; private set; }

    public ContainerFolder Folder { get; }

    public ContainerOutput Output { get; }

    /// <summary>Completes when it has ended and its log is complete.</summary>
    public Task Ended => _ended.Task;

    public bool IsRunning
    {
        get
        {
            lock (_lock)
            {
                return _end is null && _process is not null;
            }
        }
    }

    /// <summary>Its first process.</summary>
    /// <exception cref="RuntimeException">It does not run.</exception>
    public int RunningProcess()
    {
        lock (_lock)
        {
            return _end is null && _process is { IsAlive: true } process
                ? process.Id
                : throw new RuntimeException($"container {Record.Settings.Name} ({Record.Id}) is not running");
        }
    }

    public ContainerState Describe()
    {
        lock (_lock)
        {
            var settings = Record.Settings;
            return new ContainerState
            {
                Id = Record.Id,
                SandboxId = Record.SandboxId,
                Pod = Record.Pod,
                Name = settings.Name,
                Attempt = settings.Attempt,
                Phase = _end is not null ? ContainerPhase.Exited : _process is not null ? ContainerPhase.Running : ContainerPhase.Created,
                Labels = settings.Labels,
                Annotations = settings.Annotations,
                Image = settings.Image,
                ImageReference = settings.ImageReference,
                CreatedAt = Record.CreatedAt,
                StartedAt = _startedAt,
                FinishedAt = _end?.At,
                ExitCode = _end?.ExitCode ?? 0,
                Reason = _end?.Reason ?? "",
                Message = _end?.Message ?? "",
                LogPath = Record.LogPath,
                Resources = settings.Resources,
            };
        }
    }

    /// <summary>Starts it. Completes when its command is being executed.</summary>
    /// <exception cref="RuntimeException">It cannot be started; then it has ended.</exception>
    public async Task StartAsync(CancellationToken cancellation)
    {
        await _starting.WaitAsync(cancellation);
        if (Describe().Phase != ContainerPhase.Created)
        {
            _starting.Release();
            throw new RuntimeException($"container {Record.Settings.Name} ({Record.Id}) was started already");
        }

        try
        {
            await LaunchAsync();

            // It may have ended before this process knew that it runs.
            TrySettle();
        }
        catch (Exception e) when (e is RuntimeException or IOException or UnauthorizedAccessException)
        {
            Finish(new ContainerEnd(ExitOfFailedStart, "StartError", e.Message, _clock.GetUtcNow()));
            throw e as RuntimeException ?? new RuntimeException($"cannot start container {Record.Settings.Name}: {e.Message}", inner: e);
        }
        finally
        {
            _starting.Release();
        }
    }

    /// <summary>Notices that it has ended; false: it has not, or that is known.</summary>
    public bool TrySettle()
    {
        lock (_lock)
        {
            if (_end is not null || _supervisor is not { } supervisor)
            {
                return false;
            }

            // What ends between the two looks has written its code before it ended.
            var isAlive = Record.BootId == BootId.Current && supervisor.IsAlive;
            var code = ReadExitCode();
            if (code is null && isAlive)
            {
                return false;
            }

            KillAll();
            Finish(code is { } known ? EndOf(known) : new ContainerEnd(
                ExitNotKnown, "Unknown", "the process that waited for the container is gone, by a kill or a restart of the machine", _clock.GetUtcNow()));
            return true;
        }
    }

    public async Task StopAsync(TimeSpan grace, CancellationToken cancellation)
    {
        // One that is being started can be stopped when that is over.
        await _starting.WaitAsync(cancellation);
        _starting.Release();
        if (!IsRunning)
        {
            return;
        }

        if (grace > TimeSpan.Zero)
        {
            Signal(StopSignals.Parse(Record.Settings.StopSignal));
            try
            {
                await Ended.WaitAsync(grace, _clock, cancellation);
                return;
            }
            catch (TimeoutException)
            {
                // It had its time.
            }
        }

        await KillAsync(cancellation);
    }

    /// <summary>Changes what its control group may use.</summary>
    public void Update(ResourceSettings resources)
    {
        lock (_lock)
        {
            _groups.Apply(Record.Cgroup, resources);
            Record = Record with { Settings = Record.Settings with { Resources = resources } };
            StoredForms.Save(Folder.Record, Record, StoredForms.Default.StoredContainer);
        }
    }

    /// <summary>Removes all of it, after its end.</summary>
    public async Task RemoveAsync(CancellationToken cancellation)
    {
        await KillAsync(cancellation);
        for (var tries = 0; !_groups.TryRemove(Record.Cgroup); tries++)
        {
            if (tries == MostTries)
            {
                throw new RuntimeException($"the control group {Record.Cgroup} does not go: something still runs in it");
            }

            KillAll();
            await Task.Delay(_pause, _clock, cancellation);
        }

        Output.Dispose();
        foreach (var file in (string[])[Folder.Output, Folder.Errors, Folder.Exit])
        {
            File.Delete(file);
        }

        RuntimeFolder.Remove(Folder.Root, Folder.Record);
    }

    /// <summary>A process that was started in it ends with it.</summary>
    public IDisposable Track(int session)
    {
        lock (_lock)
        {
            _commands.Add(session);
        }

        return new Tracked(this, session);
    }

    /// <summary>Lets its input end: nobody else keeps the pipe open.</summary>
    public void EndInput()
    {
        if (ProcessIdentity.Load(Folder.Holder) is { IsAlive: true } holder)
        {
            LinuxCalls.Signal(holder.Id, LinuxCalls.SignalKill);
        }
    }

    /// <summary>What it uses; null: it does not run.</summary>
    public ContainerUsage? ReadUsage()
    {
        ProcessIdentity process;
        lock (_lock)
        {
            if (_end is not null || _process is not { } running)
            {
                return null;
            }

            process = running;
        }

        var now = _clock.GetUtcNow();
        if (_groups.Read(Record.Cgroup) is { } used)
        {
            return new ContainerUsage(
                Record.Pod, Record.Settings.Name, now, used.CpuNanoseconds, used.WorkingSetBytes, used.MemoryBytes, WritableBytes: -1)
            {
                RssBytes = used.WorkingSetBytes,
                StartedAt = _startedAt,
            };
        }

        var session = ProcessIdentity.ListSession(process.Id);
        var memory = session.Sum(member => member.ResidentBytes);
        return new ContainerUsage(Record.Pod, Record.Settings.Name, now, session.Sum(member => member.CpuNanoseconds), memory, memory, -1)
        {
            RssBytes = memory,
            StartedAt = _startedAt,
        };
    }

    public void Dispose()
    {
        Output.Dispose();
        _starting.Dispose();
    }

    private async Task LaunchAsync()
    {
        var settings = Record.Settings;
        var joins = _groups.JoinFiles(Record.Cgroup);
        _groups.Make(Record.Cgroup, settings.Resources);
        await File.WriteAllTextAsync(Folder.Start, StartScript.Start(Record, Folder, _isPrivileged, joins));
        if (settings.Stdin || settings.Tty)
        {
            LinuxCalls.MakePipe(Folder.Stdin);
        }

        if (!settings.Tty)
        {
            MakeOutputPipe(Folder.Stdout);
            MakeOutputPipe(Folder.Stderr);
        }

        var start = ShellCommands.Start(
            [
                StartScript.Supervise, "supervise", Folder.Root, Folder.Exit, _groups.ListFile(Record.Cgroup), Folder.Output, Folder.Errors,
                settings.Tty ? "tty" : "",
            ]);
        start.RedirectStandardOutput = true;
        using var supervisor = _isPrivileged
            ? await PrivateRoot.RunInAsync(Record, Folder, () => LaunchInNetwork(start))
            : ShellCommands.Launch(LinkVolumes(start));
        using var told = supervisor.StandardOutput;
        var outcome = await ShellCommands.ReadStartAsync(told);
        lock (_lock)
        {
            LoadProcesses();
        }

        if (outcome.Failure is { } failure)
        {
            await supervisor.WaitForExitAsync(CancellationToken.None);
            throw new RuntimeException(failure);
        }
    }

    /// <summary>Whoever the container runs as may open it anew, as /dev/stdout; nobody else gets into the folder.</summary>
    private static void MakeOutputPipe(string path)
    {
        LinuxCalls.MakePipe(path);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupWrite | UnixFileMode.OtherWrite);
    }

    private Process LaunchInNetwork(ProcessStartInfo start)
    {
        if (Record.NetworkNamespace.Length > 0)
        {
            LinuxCalls.EnterNetwork(Record.NetworkNamespace);
        }

        return ShellCommands.Launch(start);
    }

    /// <summary>Without mounts of its own a container finds its volumes in the directory where it starts.</summary>
    private ProcessStartInfo LinkVolumes(ProcessStartInfo start)
    {
        Directory.CreateDirectory(Folder.FileSystem);
        foreach (var mount in Record.Settings.Mounts.OrderBy(mount => mount.ContainerPath.Length))
        {
            var place = Path.Combine(Folder.FileSystem, mount.ContainerPath.TrimStart('/').TrimEnd('/'));
            if (!Path.Exists(place))
            {
                Directory.CreateDirectory(Path.GetDirectoryName(place)!);
                File.CreateSymbolicLink(place, mount.HostPath);
            }
        }

        return start;
    }

    private void LoadProcesses()
    {
        _supervisor = ProcessIdentity.Load(Folder.Supervisor);
        _process = _supervisor is null ? null : ProcessIdentity.Load(Folder.Process);
        _startedAt = _process is null ? null : new DateTimeOffset(File.GetLastWriteTimeUtc(Folder.Process), TimeSpan.Zero);
    }

    private int? ReadExitCode()
    {
        try
        {
            return int.TryParse(File.ReadAllText(Folder.Exit), CultureInfo.InvariantCulture, out var code) ? code : null;
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    private ContainerEnd EndOf(int code)
    {
        var isOutOfMemory = code == ExitOfKilled && _groups.Read(Record.Cgroup)?.OutOfMemoryKills > 0;
        var at = new DateTimeOffset(File.GetLastWriteTimeUtc(Folder.Exit), TimeSpan.Zero);
        return new ContainerEnd(code, isOutOfMemory ? "OOMKilled" : code == 0 ? "Completed" : "Error", "", at);
    }

    private void Finish(ContainerEnd end)
    {
        lock (_lock)
        {
            Output.Complete();
            StoredForms.Save(Folder.End, end, StoredForms.Default.ContainerEnd);
            _end = end;
            File.Delete(Folder.Exit);
        }

        _ended.TrySetResult();
    }

    private async Task KillAsync(CancellationToken cancellation)
    {
        for (var tries = 0; IsRunning; tries++)
        {
            if (tries == MostTries)
            {
                throw new RuntimeException($"container {Record.Settings.Name} ({Record.Id}) does not end though it was killed");
            }

            KillAll();
            try
            {
                await Ended.WaitAsync(_lookAgain, _clock, cancellation);
            }
            catch (TimeoutException)
            {
                TrySettle();
            }
        }
    }

    private void Signal(int signal)
    {
        lock (_lock)
        {
            if (_process is { IsAlive: true } process)
            {
                LinuxCalls.Signal(-process.Id, signal);
            }
        }
    }

    /// <summary>Kills all that is in it, but not what waits for it.</summary>
    private void KillAll()
    {
        Signal(LinuxCalls.SignalKill);
        lock (_lock)
        {
            foreach (var process in _groups.Processes(Record.Cgroup))
            {
                LinuxCalls.Signal(process, LinuxCalls.SignalKill);
            }

            foreach (var session in Record.Cgroup.Length == 0 && _process is { } first ? _commands.Append(first.Id) : _commands)
            {
                foreach (var member in ProcessIdentity.ListSession(session))
                {
                    LinuxCalls.Signal(member.Identity.Id, LinuxCalls.SignalKill);
                }
            }
        }
    }

    private sealed class Tracked(ProcessContainer container, int session) : IDisposable
    {
        public void Dispose()
        {
            lock (container._lock)
            {
                container._commands.Remove(session);
            }
        }
    }
}

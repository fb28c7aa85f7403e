using System.Collections.Concurrent;
using Etcdish.Kubelet.Processes;
using Etcdish.Kubelet.Processes.Networks;
using Etcdish.Kubelet.Runtime;
using Etcdish.Testing;

namespace Etcdish.Kubelet.Tests.Processes;

/// <summary>A process runtime in a folder of its own, with one sandbox; all of it is gone afterwards.</summary>
internal sealed class RuntimeFixture : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static int _count;
    private readonly TemporaryFolder _folder = new();
    private readonly TaskCompletionSource<string> _firstWarning = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ProcessRuntimeOptions _options;

    private RuntimeFixture(bool isPrivileged, PodNetworks? networks)
    {
        _options = new ProcessRuntimeOptions
        {
            Folder = _folder.File("runtime"),
            Addresses = ["192.0.2.7"],
            CgroupRoot = isPrivileged ? "/sys/fs/cgroup" : _folder.File("no-cgroups"),
            CgroupTop = $"/etcdish-test-{Environment.ProcessId}-{Interlocked.Increment(ref _count)}",
            IsPrivileged = isPrivileged,
            Networks = networks,
        };
        Runtime = Open();
    }

    public ProcessRuntime Runtime { get; private set; }

    public string Folder => _folder.FullPath;

    public SandboxSettings Settings { get; private set; } = null!;

    public string Sandbox { get; private set; } = "";

    public string Cgroup => _options.CgroupTop;

    /// <summary>What the runtime told its operator.</summary>
    public ConcurrentQueue<string> Warnings { get; } = new();

    /// <summary>Completes with the first of them.</summary>
    public Task<string> FirstWarning => _firstWarning.Task;

    public static async Task<RuntimeFixture> CreateAsync(
        bool isPrivileged = true, string hostname = "", PodNetworks? networks = null, IReadOnlyList<PortSettings>? ports = null)
    {
        if (isPrivileged && !Environment.IsPrivilegedProcess)
        {
            Tools.Missing("mounts and users of containers need root");
        }

        var fixture = new RuntimeFixture(isPrivileged, networks);
        fixture.Settings = new SandboxSettings
        {
            Pod = new PodIdentity("default", "web-0", "7f1c"),
            LogDirectory = Path.Combine(fixture.Folder, "logs"),
            Hostname = hostname,
            Ports = ports ?? [],
        };
        fixture.Sandbox = await fixture.Runtime.RunSandboxAsync(fixture.Settings, default);
        return fixture;
    }

    /// <summary>A container that runs a line of the shell.</summary>
    public static ContainerSettings Shell(string line, string name = "main") => new()
    {
        Name = name,
        Image = "example/none:1",
        ImageReference = "example/none:1",
        Command = ["/bin/sh", "-c", line],
        LogPath = $"{name}/0.log",
    };

    public async Task<string> CreateAsync(ContainerSettings settings) =>
        await Runtime.CreateContainerAsync(Sandbox, Settings, settings, default);

    public async Task<string> StartAsync(ContainerSettings settings)
    {
        var id = await CreateAsync(settings);
        await Runtime.StartContainerAsync(id, default);
        return id;
    }

    /// <summary>Runs one to its end.</summary>
    public async Task<ContainerState> RunAsync(ContainerSettings settings) => await EndAsync(await StartAsync(settings));

    public async Task<ContainerState> EndAsync(string id)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (true)
        {
            var change = Runtime.WaitForChangeAsync(limit.Token);
            if (await Runtime.GetContainerAsync(id, default) is { Phase: ContainerPhase.Exited } state)
            {
                return state;
            }

            await change;
        }
    }

    /// <summary>The log's entries without their times.</summary>
    public string[] Log(string name = "main")
    {
        var path = Path.Combine(Settings.LogDirectory, name, "0.log");
        return File.Exists(path) ? [.. File.ReadAllLines(path).Select(line => line[(line.IndexOf(' ') + 1)..])] : [];
    }

    public async Task<string[]> LogUntilAsync(Func<string[], bool> isEnough, string name = "main")
    {
        Directory.CreateDirectory(Path.Combine(Settings.LogDirectory, name));
        using var changed = new SemaphoreSlim(1);
        using var watcher = new FileSystemWatcher(Path.Combine(Settings.LogDirectory, name));
        watcher.Changed += (_, _) => changed.Release();
        watcher.Created += (_, _) => changed.Release();
        watcher.EnableRaisingEvents = true;
        while (!isEnough(Log(name)))
        {
            Assert.That(await changed.WaitAsync(Patience), $"the log is still: {string.Join('\n', Log(name))}");
        }

        return Log(name);
    }

    public async Task<string> ExecAsync(string id, string line)
    {
        var output = await Runtime.RunCommandAsync(id, ["/bin/sh", "-c", line], Patience, default);
        return System.Text.Encoding.UTF8.GetString(output.Stdout) + System.Text.Encoding.UTF8.GetString(output.Stderr);
    }

    /// <summary>As a kubelet that ends and another that starts.</summary>
    public Task ReopenAsync() => ReopenAsync(_options.Networks);

    /// <summary>Likewise, with another one's mind about networks.</summary>
    public async Task ReopenAsync(PodNetworks? networks)
    {
        await Runtime.DisposeAsync();
        _options = _options with { Networks = networks };
        Runtime = Open();
    }

    /// <summary>Processes whose command line contains a text.</summary>
    public static IReadOnlyList<int> ProcessesWith(string text) => [.. ProcessIdentity.ListAll()
        .Where(process => process.State != 'Z' && CommandLine(process.Identity.Id).Contains(text, StringComparison.Ordinal))
        .Select(process => process.Identity.Id)];

    public async ValueTask DisposeAsync()
    {
        foreach (var sandbox in (await Runtime.ListAsync(default)).Sandboxes)
        {
            await Runtime.RemoveSandboxAsync(sandbox.Id, default);
        }

        await Runtime.DisposeAsync();
        if (Etcdish.Kubelet.Cgroups.CgroupTree.Open(_options.CgroupRoot, out _) is { } tree)
        {
            Assert.That(tree.TryRemove(_options.CgroupTop), "control groups are left");
        }

        Assert.That(ProcessesWith(Folder), Is.Empty, "processes are left");
        Assert.That(File.ReadAllText("/proc/self/mountinfo"), Does.Not.Contain(Folder), "mounts are left");
        _folder.Dispose();
    }

    private static string CommandLine(int id)
    {
        try
        {
            return File.ReadAllText($"/proc/{id}/cmdline");
        }
        catch (IOException)
        {
            return "";
        }
    }

    private ProcessRuntime Open() => ProcessRuntime.Open(_options, TimeProvider.System, Hear);

    private void Hear(string warning)
    {
        Warnings.Enqueue(warning);
        _firstWarning.TrySetResult(warning);
    }
}

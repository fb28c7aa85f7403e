using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Etcdish.Kubelet.Runtime;
using Etcdish.Streaming;
using Etcdish.Streaming.Sessions;
using Microsoft.AspNetCore.Http;

namespace Etcdish.Kubelet.Tests.Server;

/// <summary>
/// A runtime whose containers are what a test says, and are this machine for those who run commands in them or forward ports to them. Of
/// what changes containers it can nothing.
/// </summary>
internal sealed class HostRuntime : IContainerRuntime
{
    private readonly Lock _lock = new();
    private readonly List<ContainerState> _containers = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public IImageService Images { get; } = new NoImages();

    public bool SharesHostNetwork => true;

    /// <summary>What containers use.</summary>
    public List<ContainerUsage> Usage { get; } = [];

    /// <summary>Containers whose logs were begun anew.</summary>
    public List<string> Reopened { get; } = [];

    /// <summary>Begins a log anew.</summary>
    public Action<string> Reopen { get; set; } = _ => { };

    /// <summary>How often all containers were listed.</summary>
    public int Lists { get; private set; }

    /// <summary>Makes a container known, or what has become of it.</summary>
    public void Set(ContainerState container)
    {
        lock (_lock)
        {
            _containers.RemoveAll(c => c.Id == container.Id);
            _containers.Add(container);
            _changed.TrySetResult();
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    public static ContainerState Container(string id, PodIdentity pod, string name, ContainerPhase phase, int attempt = 0) => new()
    {
        Id = id,
        SandboxId = "sandbox-" + pod.Name,
        Pod = pod,
        Name = name,
        Attempt = attempt,
        Phase = phase,
    };

    public Task WaitForChangeAsync(CancellationToken cancellation)
    {
        lock (_lock)
        {
            return _changed.Task.WaitAsync(cancellation);
        }
    }

    public Task<RuntimeInfo> GetInfoAsync(CancellationToken cancellation) => Task.FromResult(new RuntimeInfo("host", "1", "", ""));

    public Task<RuntimeSnapshot> ListAsync(CancellationToken cancellation)
    {
        lock (_lock)
        {
            Lists++;
            var sandboxes = _containers.Select(c => new SandboxState { Id = c.SandboxId, Pod = c.Pod, IsReady = true }).DistinctBy(s => s.Id);
            return Task.FromResult(new RuntimeSnapshot([.. sandboxes], [.. _containers]));
        }
    }

    public Task<SandboxState?> GetSandboxAsync(string id, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<ContainerState?> GetContainerAsync(string id, CancellationToken cancellation)
    {
        lock (_lock)
        {
            return Task.FromResult(_containers.Find(c => c.Id == id));
        }
    }

    public Task<string> RunSandboxAsync(SandboxSettings settings, CancellationToken cancellation) => throw new NotSupportedException();

    public Task StopSandboxAsync(string id, CancellationToken cancellation) => throw new NotSupportedException();

    public Task RemoveSandboxAsync(string id, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<string> CreateContainerAsync(
        string sandboxId, SandboxSettings sandbox, ContainerSettings settings, CancellationToken cancellation) =>
        throw new NotSupportedException();

    public Task StartContainerAsync(string id, CancellationToken cancellation) => throw new NotSupportedException();

    public Task StopContainerAsync(string id, TimeSpan grace, CancellationToken cancellation) => throw new NotSupportedException();

    public Task RemoveContainerAsync(string id, CancellationToken cancellation) => throw new NotSupportedException();

    public Task UpdateResourcesAsync(string id, ResourceSettings resources, CancellationToken cancellation) =>
        throw new NotSupportedException();

    public Task ReopenLogAsync(string id, CancellationToken cancellation)
    {
        Reopen(id);
        Reopened.Add(id);
        return Task.CompletedTask;
    }

    public async Task<CommandOutput> RunCommandAsync(
        string id, IReadOnlyList<string> command, TimeSpan limit, CancellationToken cancellation)
    {
        using var process = Start(command);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(cancellation);
        var errors = process.StandardError.ReadToEndAsync(cancellation);
        await process.WaitForExitAsync(cancellation);
        return new CommandOutput(process.ExitCode, Encoding.UTF8.GetBytes(await output), Encoding.UTF8.GetBytes(await errors));
    }

    public Task<IReadOnlyList<ContainerUsage>> ListUsageAsync(CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<ContainerUsage>>([.. Usage]);

    public async Task ServeExecAsync(HttpContext http, string containerId, IReadOnlyList<string> command, AttachedStreams streams)
    {
        var wanted = new CommandStreams(streams.Stdin, streams.Stdout, streams.Stderr, streams.Tty);
        var session = await RemoteCommandSession.AcceptAsync(http, wanted, new StreamingLimits());
        if (session is null)
        {
            return;
        }

        await using (session)
        {
            using var process = Start(command);
            _ = SendInputAsync(session, process);
            using var watch = session.Closed.Register(() => process.Kill(entireProcessTree: true));
            await Task.WhenAll(
                process.StandardOutput.BaseStream.CopyToAsync(session.Stdout ?? Stream.Null),
                process.StandardError.BaseStream.CopyToAsync(session.Stderr ?? Stream.Null));
            await process.WaitForExitAsync();
            await session.EndAsync(CommandResult.Exited(process.ExitCode));
        }
    }

    public Task ServeAttachAsync(HttpContext http, string containerId, AttachedStreams streams) =>
        ServeExecAsync(http, containerId, ["cat"], streams);

    public Task ServePortForwardAsync(HttpContext http, string sandboxId) => PortForwardServer.ServeAsync(
        http,
        async (port, stream, cancellation) =>
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(IPAddress.Loopback, port, cancellation);
            await SocketRelay.RunAsync(stream, socket, cancellation);
        },
        new StreamingLimits());

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static Process Start(IReadOnlyList<string> command) => Process.Start(new ProcessStartInfo(command[0], command.Skip(1))
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;

    private static async Task SendInputAsync(RemoteCommandSession session, Process process)
    {
        try
        {
            await (session.Stdin?.CopyToAsync(process.StandardInput.BaseStream) ?? Task.CompletedTask);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // The client went away, or the program reads no more.
        }
    }

    private sealed class NoImages : IImageService
    {
        public Task<IReadOnlyList<ImageState>> ListAsync(CancellationToken cancellation) => Task.FromResult<IReadOnlyList<ImageState>>([]);

        public Task<ImageState?> FindAsync(string image, CancellationToken cancellation) => Task.FromResult<ImageState?>(null);

        public Task<string> PullAsync(string image, RegistryLogin? login, CancellationToken cancellation) =>
            throw new NotSupportedException();

        public Task RemoveAsync(string id, CancellationToken cancellation) => Task.CompletedTask;

        public Task<IReadOnlyList<FileSystemUsage>> GetFileSystemsAsync(CancellationToken cancellation) =>
            Task.FromResult<IReadOnlyList<FileSystemUsage>>([new FileSystemUsage("/", 1, 1, DateTimeOffset.UnixEpoch)]);
    }
}

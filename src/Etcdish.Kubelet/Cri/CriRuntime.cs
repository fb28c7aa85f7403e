using Etcdish.Kubelet.Runtime;
using Etcdish.Protos.Cri;
using Microsoft.AspNetCore.Http;
using ContainerState = Etcdish.Kubelet.Runtime.ContainerState;

namespace Etcdish.Kubelet.Cri;

/// <summary>A container runtime behind the Container Runtime Interface v1 on a Unix socket, such as containerd.</summary>
internal sealed class CriRuntime : IContainerRuntime
{
    private readonly CriCalls _calls;
    private readonly CriChanges _changes;
    private readonly CriStreams _streams;
    private readonly CriUsage _usage;

    private CriRuntime(CriCalls calls, TimeProvider clock, Action<string> warn)
    {
        _calls = calls;
        _changes = new CriChanges(calls, clock, warn);
        _streams = new CriStreams(calls);
        _usage = new CriUsage(calls);
        Images = new CriImages(calls);
    }

    public IImageService Images { get; }

    public bool SharesHostNetwork => false;

    /// <summary>Connects to a runtime, and begins to listen to what it says about what happens.</summary>
    /// <param name="endpoint">Its Unix socket, <c>unix:///run/containerd/containerd.sock</c> or a path.</param>
    /// <param name="clock">Time.</param>
    /// <param name="warn">Is told what is wrong with the connection.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <exception cref="RuntimeException">It does not answer, or the endpoint is none.</exception>
    public static async Task<CriRuntime> ConnectAsync(
        string endpoint, TimeProvider clock, Action<string> warn, CancellationToken cancellation)
    {
        var calls = new CriCalls(endpoint);
        try
        {
            await VersionAsync(calls, cancellation);
            return new CriRuntime(calls, clock, warn);
        }
        catch
        {
            calls.Dispose();
            throw;
        }
    }

    public Task WaitForChangeAsync(CancellationToken cancellation) => _changes.WaitAsync(cancellation);

    public async Task<RuntimeInfo> GetInfoAsync(CancellationToken cancellation)
    {
        var version = await VersionAsync(_calls, cancellation);
        var status = await _calls.RuntimeAsync("Status", new StatusRequest(), StatusResponse.Parser, cancellation);
        var conditions = status.Status?.Conditions ?? [];
        return new RuntimeInfo(
            version.RuntimeName,
            version.RuntimeVersion,
            CriStates.WhyNot("container runtime not ready", conditions, "RuntimeReady"),
            CriStates.WhyNot("container runtime network not ready", conditions, "NetworkReady"));
    }

    public async Task<RuntimeSnapshot> ListAsync(CancellationToken cancellation)
    {
        // Sandboxes first: a container that is in the list then has its sandbox there too, unless that was made in between.
        var sandboxes = await _calls.RuntimeAsync(
            "ListPodSandbox", new ListPodSandboxRequest(), ListPodSandboxResponse.Parser, cancellation);
        var containers = await _calls.RuntimeAsync(
            "ListContainers", new ListContainersRequest(), ListContainersResponse.Parser, cancellation);
        return new RuntimeSnapshot(
            [.. sandboxes.Items.Where(sandbox => CriStates.IsOfPod(sandbox.Labels)).Select(CriStates.Sandbox)],
            [.. containers.Containers.Where(container => CriStates.IsOfPod(container.Labels)).Select(CriStates.Container)]);
    }

    public async Task<SandboxState?> GetSandboxAsync(string id, CancellationToken cancellation)
    {
        try
        {
            var answer = await _calls.RuntimeAsync(
                "PodSandboxStatus",
                new PodSandboxStatusRequest { PodSandboxId = id },
                PodSandboxStatusResponse.Parser,
                cancellation);
            return CriStates.Sandbox(answer.Status);
        }
        catch (RuntimeException e) when (e.IsAbsent)
        {
            return null;
        }
    }

    public async Task<ContainerState?> GetContainerAsync(string id, CancellationToken cancellation)
    {
        try
        {
            // The status has all but the sandbox, which only the list has.
            var filter = new ContainerFilter { Id = id };
            var listing = _calls.RuntimeAsync(
                "ListContainers", new ListContainersRequest { Filter = filter }, ListContainersResponse.Parser, cancellation);
            var status = _calls.RuntimeAsync(
                "ContainerStatus", new ContainerStatusRequest { ContainerId = id }, ContainerStatusResponse.Parser, cancellation);
            await Task.WhenAll(listing, status);
            return (await listing).Containers is [var listed] ? CriStates.Container((await status).Status, listed.PodSandboxId) : null;
        }
        catch (RuntimeException e) when (e.IsAbsent)
        {
            return null;
        }
    }

    public async Task<string> RunSandboxAsync(SandboxSettings settings, CancellationToken cancellation)
    {
        var request = new RunPodSandboxRequest { Config = SandboxMessages.Config(settings), RuntimeHandler = settings.RuntimeHandler };

        // Networks may take their time.
        var answer = await _calls.RuntimeAsync(
            "RunPodSandbox", request, RunPodSandboxResponse.Parser, cancellation, waits: TimeSpan.FromMinutes(2));
        return answer.PodSandboxId;
    }

    public Task StopSandboxAsync(string id, CancellationToken cancellation) => _calls
        .RuntimeAsync("StopPodSandbox", new StopPodSandboxRequest { PodSandboxId = id }, StopPodSandboxResponse.Parser, cancellation)
        .UnlessAbsent();

    public Task RemoveSandboxAsync(string id, CancellationToken cancellation) => _calls
        .RuntimeAsync("RemovePodSandbox", new RemovePodSandboxRequest { PodSandboxId = id }, RemovePodSandboxResponse.Parser, cancellation)
        .UnlessAbsent();

    public async Task<string> CreateContainerAsync(
        string sandboxId, SandboxSettings sandbox, ContainerSettings settings, CancellationToken cancellation)
    {
        var request = new CreateContainerRequest
        {
            PodSandboxId = sandboxId,
            Config = ContainerMessages.Config(sandbox, settings),
            SandboxConfig = SandboxMessages.Config(sandbox),
        };
        var answer = await _calls.RuntimeAsync("CreateContainer", request, CreateContainerResponse.Parser, cancellation);
        return answer.ContainerId;
    }

    public Task StartContainerAsync(string id, CancellationToken cancellation) => _calls.RuntimeAsync(
        "StartContainer", new StartContainerRequest { ContainerId = id }, StartContainerResponse.Parser, cancellation);

    public Task StopContainerAsync(string id, TimeSpan grace, CancellationToken cancellation)
    {
        var request = new StopContainerRequest { ContainerId = id, Timeout = (long)Math.Ceiling(grace.TotalSeconds) };
        return _calls.RuntimeAsync("StopContainer", request, StopContainerResponse.Parser, cancellation, waits: grace).UnlessAbsent();
    }

    public Task RemoveContainerAsync(string id, CancellationToken cancellation) => _calls
        .RuntimeAsync("RemoveContainer", new RemoveContainerRequest { ContainerId = id }, RemoveContainerResponse.Parser, cancellation)
        .UnlessAbsent();

    public Task UpdateResourcesAsync(string id, ResourceSettings resources, CancellationToken cancellation) => _calls.RuntimeAsync(
        "UpdateContainerResources",
        new UpdateContainerResourcesRequest { ContainerId = id, Linux = SandboxMessages.Resources(resources) },
        UpdateContainerResourcesResponse.Parser,
        cancellation);

    public Task ReopenLogAsync(string id, CancellationToken cancellation) => _calls.RuntimeAsync(
        "ReopenContainerLog", new ReopenContainerLogRequest { ContainerId = id }, ReopenContainerLogResponse.Parser, cancellation);

    public async Task<CommandOutput> RunCommandAsync(
        string id, IReadOnlyList<string> command, TimeSpan limit, CancellationToken cancellation)
    {
        var seconds = Math.Max(1, (long)Math.Ceiling(limit.TotalSeconds));
        var request = new ExecSyncRequest { ContainerId = id, Cmd = { command }, Timeout = seconds };
        try
        {
            var answer = await _calls.RuntimeAsync("ExecSync", request, ExecSyncResponse.Parser, cancellation, waits: limit);
            return new CommandOutput(answer.ExitCode, answer.Stdout.ToByteArray(), answer.Stderr.ToByteArray());
        }
        catch (RuntimeException e) when (e.IsTimeout())
        {
            throw new TimeoutException(e.Message, e);
        }
    }

    public Task<IReadOnlyList<ContainerUsage>> ListUsageAsync(CancellationToken cancellation) => _usage.ListAsync(cancellation);

    public Task ServeExecAsync(HttpContext http, string containerId, IReadOnlyList<string> command, AttachedStreams streams) =>
        _streams.ExecAsync(http, containerId, command, streams);

    public Task ServeAttachAsync(HttpContext http, string containerId, AttachedStreams streams) =>
        _streams.AttachAsync(http, containerId, streams);

    public Task ServePortForwardAsync(HttpContext http, string sandboxId) => _streams.PortForwardAsync(http, sandboxId);

    public async ValueTask DisposeAsync()
    {
        await _changes.DisposeAsync();
        _streams.Dispose();
        _calls.Dispose();
    }

    private static Task<VersionResponse> VersionAsync(CriCalls calls, CancellationToken cancellation) =>
        calls.RuntimeAsync("Version", new VersionRequest(), VersionResponse.Parser, cancellation);
}

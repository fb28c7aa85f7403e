using Microsoft.AspNetCore.Http;

namespace Etcdish.Kubelet.Runtime;

/// <summary>
/// What runs containers: CRI's RuntimeService (k8s.io/cri-api v1) without its wire form. Everything may be called again after a failure
/// whose outcome is not known: stopping or removing what is stopped or gone succeeds. Safe for use by many threads.
/// </summary>
internal interface IContainerRuntime : IAsyncDisposable
{
    /// <summary>Images, of this runtime.</summary>
    IImageService Images { get; }

    /// <summary>Whether pods use the node's network and have its address.</summary>
    bool SharesHostNetwork { get; }

    /// <summary>
    /// Completes when sandboxes or containers may have changed since the call; spurious wake-ups are lawful, missed ones are not. A runtime
    /// that tells of nothing completes it after a while.
    /// </summary>
    Task WaitForChangeAsync(CancellationToken cancellation);

    /// <summary>What it is and whether it is well.</summary>
    /// <exception cref="RuntimeException">It does not answer.</exception>
    Task<RuntimeInfo> GetInfoAsync(CancellationToken cancellation);

    /// <summary>All sandboxes and containers that there are, running or not, of all pods; those of others are left out.</summary>
    Task<RuntimeSnapshot> ListAsync(CancellationToken cancellation);

    /// <summary>All of a sandbox, with its addresses; null: there is none.</summary>
    Task<SandboxState?> GetSandboxAsync(string id, CancellationToken cancellation);

    /// <summary>All of a container, with its exit code and message; null: there is none.</summary>
    Task<ContainerState?> GetContainerAsync(string id, CancellationToken cancellation);

    /// <summary>Makes and starts a sandbox; its id.</summary>
    Task<string> RunSandboxAsync(SandboxSettings settings, CancellationToken cancellation);

    /// <summary>Stops a sandbox with all that runs in it, and takes its network away.</summary>
    Task StopSandboxAsync(string id, CancellationToken cancellation);

    /// <summary>Removes a sandbox and its containers.</summary>
    Task RemoveSandboxAsync(string id, CancellationToken cancellation);

    /// <summary>Makes a container in a sandbox; its id.</summary>
    Task<string> CreateContainerAsync(
        string sandboxId, SandboxSettings sandbox, ContainerSettings settings, CancellationToken cancellation);

    /// <summary>Starts a container that was made.</summary>
    Task StartContainerAsync(string id, CancellationToken cancellation);

    /// <summary>Stops a container: its stop signal, and after the grace SIGKILL. Completes when it has ended.</summary>
    Task StopContainerAsync(string id, TimeSpan grace, CancellationToken cancellation);

    /// <summary>Removes a container; one that runs is killed.</summary>
    Task RemoveContainerAsync(string id, CancellationToken cancellation);

    /// <summary>Gives a running container other limits.</summary>
    Task UpdateResourcesAsync(string id, ResourceSettings resources, CancellationToken cancellation);

    /// <summary>Opens a container's log file anew, after it was moved away.</summary>
    Task ReopenLogAsync(string id, CancellationToken cancellation);

    /// <summary>Runs a command in a container to its end and gives its output. Past the limit it is killed.</summary>
    /// <param name="id">The container.</param>
    /// <param name="command">The command and its arguments.</param>
    /// <param name="limit">How long it may take.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="TimeoutException">It took longer.</exception>
    Task<CommandOutput> RunCommandAsync(string id, IReadOnlyList<string> command, TimeSpan limit, CancellationToken cancellation);

    /// <summary>What sandboxes and containers use.</summary>
    Task<IReadOnlyList<ContainerUsage>> ListUsageAsync(CancellationToken cancellation);

    /// <summary>Serves a request for exec: it upgrades the connection and answers all that comes on it.</summary>
    Task ServeExecAsync(HttpContext http, string containerId, IReadOnlyList<string> command, AttachedStreams streams);

    /// <summary>Serves a request for attach.</summary>
    Task ServeAttachAsync(HttpContext http, string containerId, AttachedStreams streams);

    /// <summary>Serves a request for port-forward.</summary>
    Task ServePortForwardAsync(HttpContext http, string sandboxId);
}

/// <summary>Which streams a client wants of a command.</summary>
internal readonly record struct AttachedStreams(bool Stdin, bool Stdout, bool Stderr, bool Tty);

/// <summary>A command's output and how it ended.</summary>
internal sealed record CommandOutput(int ExitCode, byte[] Stdout, byte[] Stderr);

/// <summary>What a runtime is.</summary>
/// <param name="Name">Such as containerd or process.</param>
/// <param name="Version">Its version.</param>
/// <param name="NotReady">Why containers cannot be run now; empty: they can.</param>
/// <param name="NetworkNotReady">Why pods cannot have a network now; empty: they can.</param>
internal sealed record RuntimeInfo(string Name, string Version, string NotReady, string NetworkNotReady);

/// <summary>All that a runtime has.</summary>
internal sealed record RuntimeSnapshot(IReadOnlyList<SandboxState> Sandboxes, IReadOnlyList<ContainerState> Containers);

/// <summary>A failure of a runtime, with its words.</summary>
/// <param name="message">What it said.</param>
/// <param name="isAbsent">Whether it said that there is no such thing.</param>
/// <param name="inner">The failure beneath.</param>
internal sealed class RuntimeException(string message, bool isAbsent = false, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Whether it said that there is no such thing.</summary>
    public bool IsAbsent { get; } = isAbsent;
}

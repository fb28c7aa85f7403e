using System.Text;
using Etcdish.Kubelet.Runtime;
using static Etcdish.Kubelet.Tests.Containerd.ContainerdBench;

namespace Etcdish.Kubelet.Tests.Containerd;

/// <summary>A sandbox with a container that a test uses, until it is disposed of.</summary>
internal sealed class RunningPod(SandboxSettings sandbox, string sandboxId) : IAsyncDisposable
{
    public SandboxSettings Sandbox => sandbox;

    public string SandboxId => sandboxId;

    /// <summary>The container that was started last.</summary>
    public string ContainerId { get; private set; } = "";

    public async Task StartAsync(ContainerSettings settings)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(LogOf(settings))!);
        ContainerId = await Daemon.CreateContainerAsync(sandboxId, sandbox, settings, Cancellation);
        await Daemon.StartContainerAsync(ContainerId, Cancellation);
    }

    /// <summary>The state that the runtime tells; it must know the container.</summary>
    public async Task<ContainerState> StateAsync() =>
        await Daemon.GetContainerAsync(ContainerId, Cancellation) ?? throw new InvalidOperationException("the container is gone");

    /// <summary>Waits, woken by nothing but the runtime's changes, until the container has ended.</summary>
    public async Task<ContainerState> EndedAsync()
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        limit.CancelAfter(TimeSpan.FromSeconds(20));
        while (true)
        {
            var change = Daemon.WaitForChangeAsync(limit.Token);
            var state = await StateAsync();
            if (state.Phase == ContainerPhase.Exited)
            {
                return state;
            }

            await change;
        }
    }

    /// <summary>What a command in the container writes; it must succeed.</summary>
    public async Task<string> OutputAsync(params string[] command)
    {
        var output = await Daemon.RunCommandAsync(ContainerId, command, TimeSpan.FromSeconds(20), Cancellation);
        Assert.That(output.ExitCode, Is.Zero, () => Encoding.UTF8.GetString(output.Stderr));
        return Encoding.UTF8.GetString(output.Stdout).TrimEnd('\n');
    }

    public string LogOf(ContainerSettings settings) => Path.Combine(sandbox.LogDirectory, settings.LogPath);

    public async ValueTask DisposeAsync()
    {
        await Daemon.StopSandboxAsync(sandboxId, default);
        await Daemon.RemoveSandboxAsync(sandboxId, default);
    }
}

using Etcdish.Kubelet.Cri;
using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Runtime;
using Etcdish.Testing;
using Etcdish.Testing.Containerd;

namespace Etcdish.Kubelet.Tests.Containerd;

/// <summary>One genuine containerd for all tests of this folder, and pods to try it with.</summary>
[SetUpFixture]
public sealed class ContainerdBench
{
    private static int _count;
    private static TemporaryFolder _logs = null!;

    internal static ContainerdServer Genuine { get; private set; } = null!;

    internal static CriRuntime Daemon { get; private set; } = null!;

    internal static CancellationToken Cancellation => TestContext.CurrentContext.CancellationToken;

    [OneTimeSetUp]
    public async Task Start()
    {
        _logs = new TemporaryFolder();
        Genuine = await ContainerdServer.StartAsync();
        Daemon = await CriRuntime.ConnectAsync(Genuine.Endpoint, TimeProvider.System, TestContext.Progress.WriteLine, default);
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        if (Daemon is not null)
        {
            await Daemon.DisposeAsync();
        }

        if (Genuine is not null)
        {
            await Genuine.DisposeAsync();
        }

        _logs.Dispose();
    }

    /// <summary>A pod of its own, in its own network.</summary>
    internal static SandboxSettings Sandbox()
    {
        var name = $"pod-{Interlocked.Increment(ref _count)}";
        var pod = new PodIdentity("default", name, Guid.NewGuid().ToString());
        return new SandboxSettings
        {
            Pod = pod,
            Hostname = name,
            LogDirectory = _logs.File(name),
            Labels = Labels(pod),
            Resolver = new ResolverSettings(["10.96.0.10"], ["default.svc.cluster.local"], ["ndots:5"]),
        };
    }

    /// <summary>A container of busybox that runs a script.</summary>
    internal static ContainerSettings Container(SandboxSettings sandbox, string script, int attempt = 0) => new()
    {
        Name = "main",
        Attempt = attempt,
        ImageReference = ContainerdServer.Busybox,
        Image = "busybox:1",
        Command = ["sh", "-c", script],
        Labels = new Dictionary<string, string>(Labels(sandbox.Pod)) { [CriLabels.ContainerName] = "main" },
        Annotations = new Dictionary<string, string> { ["io.kubernetes.container.restartCount"] = $"{attempt}" },
        LogPath = $"main/{attempt}.log",
        Seccomp = new ProfileManifest { Type = "RuntimeDefault" },
    };

    /// <summary>Runs a sandbox and a container in it.</summary>
    internal static async Task<RunningPod> RunAsync(string script) => await RunAsync(Sandbox(), sandbox => Container(sandbox, script));

    /// <summary>Runs a sandbox and a container in it.</summary>
    internal static async Task<RunningPod> RunAsync(SandboxSettings sandbox, Func<SandboxSettings, ContainerSettings> container)
    {
        var pod = new RunningPod(sandbox, await Daemon.RunSandboxAsync(sandbox, Cancellation));
        try
        {
            await pod.StartAsync(container(sandbox));
            return pod;
        }
        catch
        {
            await pod.DisposeAsync();
            throw;
        }
    }

    private static Dictionary<string, string> Labels(PodIdentity pod) => new()
    {
        [CriLabels.PodName] = pod.Name,
        [CriLabels.PodNamespace] = pod.Namespace,
        [CriLabels.PodUid] = pod.Uid,
    };
}

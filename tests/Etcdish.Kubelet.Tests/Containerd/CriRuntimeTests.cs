using System.Net;
using System.Text;
using Etcdish.Kubelet.Cri;
using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Runtime;
using Etcdish.Testing;
using static Etcdish.Kubelet.Tests.Containerd.ContainerdBench;

namespace Etcdish.Kubelet.Tests.Containerd;

/// <summary>Sandboxes and containers in the genuine containerd.</summary>
public sealed class CriRuntimeTests
{
    [Test]
    public async Task It_says_what_it_is_and_that_it_is_well()
    {
        var info = await Daemon.GetInfoAsync(Cancellation);

        Assert.That((info.Name, info.NotReady, info.NetworkNotReady), Is.EqualTo(("containerd", "", "")));
        Assert.That(info.Version, Does.Match(@"^v?\d+\.\d+"));
    }

    [Test]
    public void Nobody_at_the_socket() => Assert.That(
        async () => await CriRuntime.ConnectAsync("unix:///nowhere.sock", TimeProvider.System, _ => { }, Cancellation),
        Throws.TypeOf<RuntimeException>().With.Message.Contains("no connection"));

    [Test]
    public void What_is_no_socket() => Assert.That(
        async () => await CriRuntime.ConnectAsync("tcp://127.0.0.1:1", TimeProvider.System, _ => { }, Cancellation),
        Throws.TypeOf<RuntimeException>().With.Message.Contains("is a Unix socket"));

    [Test]
    public async Task A_pod_has_an_address_a_name_and_a_resolver()
    {
        await using var pod = await RunAsync("mkdir /www; echo hello > /www/index.html; exec httpd -f -p 8080 -h /www");

        var sandbox = await Daemon.GetSandboxAsync(pod.SandboxId, Cancellation);
        Assert.That(sandbox, Is.Not.Null);
        Assert.That((sandbox!.IsReady, sandbox.Pod, sandbox.Attempt), Is.EqualTo((true, pod.Sandbox.Pod, 0)));
        Assert.That(IPAddress.TryParse(sandbox.Addresses.Single(), out var address), Is.True);
        Assert.That(sandbox.CreatedAt, Is.EqualTo(DateTimeOffset.UtcNow).Within(TimeSpan.FromMinutes(1)));
        Assert.That(await pod.OutputAsync("hostname"), Is.EqualTo(pod.Sandbox.Hostname));
        Assert.That(
            await pod.OutputAsync("cat", "/etc/resolv.conf"),
            Is.EqualTo("search default.svc.cluster.local\nnameserver 10.96.0.10\noptions ndots:5"));
        Assert.That(await pod.OutputAsync("ip", "-o", "-4", "addr", "show", "eth0"), Does.Contain($"{address}/24"));
        await pod.OutputAsync("sh", "-c", "until wget -qO- 127.0.0.1:8080 >/dev/null; do :; done");
        using var http = new HttpClient();
        Assert.That(await http.GetStringAsync($"http://{address}:8080/", Cancellation), Is.EqualTo("hello\n"));
    }

    [Test]
    public async Task A_container_ends_and_its_end_is_told()
    {
        await using var pod = await RunAsync("echo out; echo err >&2; printf part; exit 3");

        var ended = await pod.EndedAsync();

        Assert.That((ended.ExitCode, ended.Reason, ended.Name, ended.Pod), Is.EqualTo((3, "Error", "main", pod.Sandbox.Pod)));
        Assert.That((ended.SandboxId, ended.Attempt), Is.EqualTo((pod.SandboxId, 0)));
        Assert.That(ended.Annotations["io.kubernetes.container.restartCount"], Is.EqualTo("0"));
        Assert.That(ended.CreatedAt < ended.StartedAt, Is.True);

        // Of one that ends at once, containerd notes the start only behind the end.
        Assert.That(ended.CreatedAt < ended.FinishedAt, Is.True);
        var log = await File.ReadAllLinesAsync(ended.LogPath, Cancellation);
        Assert.That(log, Has.Some.Match(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+\S+ stdout F out$"));
        Assert.That(log, Has.Some.Match(@" stderr F err$"));
        Assert.That(log, Has.Some.Match(@" stdout P part$"));
    }

    [Test]
    public async Task Memory_that_it_may_not_have_kills_it()
    {
        await using var pod = await RunAsync(Sandbox(), sandbox => Container(sandbox, "tail /dev/zero") with
        {
            Resources = new ResourceSettings { MemoryLimitBytes = 16 << 20, OomScoreAdjustment = 1000 },
        });

        var ended = await pod.EndedAsync();

        Assert.That((ended.ExitCode, ended.Reason), Is.EqualTo((137, "OOMKilled")));
    }

    [Test]
    public async Task A_list_has_what_there_is_and_not_what_was_removed()
    {
        var pod = await RunAsync("sleep 1000");
        var before = await Daemon.ListAsync(Cancellation);
        await pod.DisposeAsync();
        var after = await Daemon.ListAsync(Cancellation);

        var sandbox = before.Sandboxes.Single(sandbox => sandbox.Id == pod.SandboxId);
        Assert.That((sandbox.Pod, sandbox.IsReady), Is.EqualTo((pod.Sandbox.Pod, true)));
        var container = before.Containers.Single(container => container.Id == pod.ContainerId);
        Assert.That(
            (container.Pod, container.Name, container.SandboxId, container.Phase),
            Is.EqualTo((pod.Sandbox.Pod, "main", pod.SandboxId, ContainerPhase.Running)));
        Assert.That(container.Labels[CriLabels.ContainerName], Is.EqualTo("main"));
        Assert.That(after.Sandboxes.Select(one => one.Id), Has.No.Member(pod.SandboxId));
        Assert.That(after.Containers.Select(one => one.Id), Has.No.Member(pod.ContainerId));
        Assert.That(await Daemon.GetSandboxAsync(pod.SandboxId, Cancellation), Is.Null);
        Assert.That(await Daemon.GetContainerAsync(pod.ContainerId, Cancellation), Is.Null);
    }

    [Test]
    public async Task What_is_gone_may_be_stopped_and_removed_again()
    {
        var pod = await RunAsync("sleep 1000");
        await pod.DisposeAsync();

        await Daemon.StopContainerAsync(pod.ContainerId, TimeSpan.Zero, Cancellation);
        await Daemon.RemoveContainerAsync(pod.ContainerId, Cancellation);
        await Daemon.StopSandboxAsync(pod.SandboxId, Cancellation);
        await Daemon.RemoveSandboxAsync(pod.SandboxId, Cancellation);
        Assert.That(
            async () => await Daemon.StartContainerAsync(pod.ContainerId, Cancellation),
            Throws.TypeOf<RuntimeException>().With.Property(nameof(RuntimeException.IsAbsent)).True);
    }

    [Test]
    public async Task Its_stop_signal_is_heard()
    {
        await using var pod = await RunAsync("trap 'echo leaving; exit 7' TERM; echo ready; while :; do sleep 0.1; done");
        using var ready = new LogWait(pod.LogOf(Container(pod.Sandbox, "")));
        await ready.ForAsync("ready");

        await Daemon.StopContainerAsync(pod.ContainerId, TimeSpan.FromSeconds(20), Cancellation);

        var ended = await pod.StateAsync();
        Assert.That((ended.Phase, ended.ExitCode), Is.EqualTo((ContainerPhase.Exited, 7)));
        Assert.That(await File.ReadAllTextAsync(ended.LogPath, Cancellation), Does.Contain("leaving"));
    }

    [Test]
    public async Task Who_does_not_hear_it_is_killed_after_the_grace()
    {
        await using var pod = await RunAsync("trap '' TERM; while :; do sleep 0.1; done");

        await Daemon.StopContainerAsync(pod.ContainerId, TimeSpan.FromSeconds(1), Cancellation);

        var ended = await pod.StateAsync();
        Assert.That((ended.Phase, ended.ExitCode), Is.EqualTo((ContainerPhase.Exited, 137)));
    }

    [Test]
    public async Task Commands_run_in_it()
    {
        await using var pod = await RunAsync("sleep 1000");

        var output = await Daemon.RunCommandAsync(
            pod.ContainerId, ["sh", "-c", "echo out; echo err >&2; exit 5"], TimeSpan.FromSeconds(20), Cancellation);

        Assert.That(
            (output.ExitCode, Encoding.UTF8.GetString(output.Stdout), Encoding.UTF8.GetString(output.Stderr)),
            Is.EqualTo((5, "out\n", "err\n")));
        Assert.That(
            async () => await Daemon.RunCommandAsync(pod.ContainerId, ["sleep", "1000"], TimeSpan.FromSeconds(1), Cancellation),
            Throws.TypeOf<TimeoutException>());
        Assert.That(
            async () => await Daemon.RunCommandAsync(pod.ContainerId, ["no-such-program"], TimeSpan.FromSeconds(20), Cancellation),
            Throws.TypeOf<RuntimeException>().With.Message.Contains("no-such-program"));
    }

    [Test]
    public async Task It_runs_as_it_is_told()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder.File("note"), "from the node", Cancellation);
        var sandbox = Sandbox() with { ShareProcessNamespace = true, Security = new PodSecurityManifest { SupplementalGroups = [5] } };
        await using var pod = await RunAsync(sandbox, _ => Container(sandbox, "sleep 1000") with
        {
            Environment = [new("A", "1"), new("B", "x=y z")],
            WorkingDirectory = "/tmp",
            Mounts = [new MountSettings(folder.File("note"), "/data/note", ReadOnly: true)],
            User = new UserSettings { Uid = 1000, Gid = 2000, SupplementalGroups = [3000] },
            Security = new ContainerSecurityManifest
            {
                ReadOnlyRootFilesystem = true,
                Capabilities = new CapabilitiesManifest { Drop = ["ALL"] },
            },
            NoNewPrivileges = true,
            Resources = new ResourceSettings { CpuShares = 512, CpuPeriod = 100_000, CpuQuota = 50_000, MemoryLimitBytes = 64 << 20 },
        });

        Assert.That(await pod.OutputAsync("sh", "-c", "echo $A,$B,$(pwd)"), Is.EqualTo("1,x=y z,/tmp"));
        Assert.That(await pod.OutputAsync("cat", "/data/note"), Is.EqualTo("from the node"));
        Assert.That(await pod.OutputAsync("sh", "-c", "echo $(id -u):$(id -g):$(id -G)"), Is.EqualTo("1000:2000:2000 3000"));
        Assert.That(await pod.OutputAsync("cat", "/proc/mounts"), Does.Match(@"(?s)overlay / overlay ro,.* /data/note \S+ ro,"));
        Assert.That(await pod.OutputAsync("grep", "-E", "CapEff|NoNewPrivs|Seccomp:", "/proc/self/status"), Does.Match(
            @"(?s)CapEff:\s+0+\s.*NoNewPrivs:\s+1\s.*Seccomp:\s+2"));
        Assert.That(await pod.OutputAsync("cat", "/proc/1/cmdline"), Does.StartWith("/bin/sleep"), "the sandbox's process is seen");
    }

    [Test]
    public async Task Limits_change_while_it_runs()
    {
        await using var pod = await RunAsync(Sandbox(), sandbox => Container(sandbox, "sleep 1000") with
        {
            Resources = new ResourceSettings { MemoryLimitBytes = 64 << 20, CpuShares = 512 },
        });

        await Daemon.UpdateResourcesAsync(
            pod.ContainerId, new ResourceSettings { MemoryLimitBytes = 96 << 20, CpuShares = 256 }, Cancellation);

        var limit = "cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || cat /sys/fs/cgroup/memory.max";
        Assert.That(await pod.OutputAsync("sh", "-c", limit), Is.EqualTo($"{96 << 20}"));
    }

    [Test]
    public async Task A_log_that_was_moved_away_begins_anew()
    {
        await using var pod = await RunAsync("while :; do echo tick; sleep 0.05; done");
        var log = pod.LogOf(Container(pod.Sandbox, ""));
        using (var wait = new LogWait(log))
        {
            await wait.ForAsync("tick");
        }

        File.Move(log, log + ".1");
        await Daemon.ReopenLogAsync(pod.ContainerId, Cancellation);

        using var again = new LogWait(log);
        await again.ForAsync("tick");
    }

    [Test]
    public async Task What_it_uses_is_told()
    {
        await using var pod = await RunAsync("while :; do :; done");

        ContainerUsage first = await UsageAsync(pod), second;
        do
        {
            second = await UsageAsync(pod);
        }
        while (second.CpuNanoseconds == first.CpuNanoseconds);

        Assert.That(second.CpuNanoseconds, Is.GreaterThan(first.CpuNanoseconds));
        Assert.That(second.At, Is.GreaterThan(first.At));
        Assert.That(second.WorkingSetBytes, Is.GreaterThan(0));
        Assert.That(second.MemoryBytes, Is.GreaterThanOrEqualTo(second.WorkingSetBytes));
        Assert.That(second.StartedAt, Is.EqualTo(DateTimeOffset.UtcNow).Within(TimeSpan.FromMinutes(1)));
    }

    [Test]
    public async Task Containers_survive_its_restart_and_it_is_found_again()
    {
        await using var pod = await RunAsync("while [ ! -e /end ]; do sleep 0.1; done; exit 4");

        ContainerdBench.Genuine.Kill();
        Assert.That(async () => await Daemon.ListAsync(Cancellation), Throws.TypeOf<RuntimeException>());
        await ContainerdBench.Genuine.RunAsync();

        var container = (await Daemon.ListAsync(Cancellation)).Containers.Single(container => container.Id == pod.ContainerId);
        Assert.That(container.Phase, Is.EqualTo(ContainerPhase.Running));
        await pod.OutputAsync("touch", "/end");
        Assert.That((await pod.EndedAsync()).ExitCode, Is.EqualTo(4));
    }

    [Test]
    public async Task What_cannot_be_says_why()
    {
        var sandbox = Sandbox();
        var id = await Daemon.RunSandboxAsync(sandbox, Cancellation);
        await using var pod = new RunningPod(sandbox, id);

        Assert.That(
            async () => await Daemon.CreateContainerAsync(
                id, sandbox, Container(sandbox, "") with { ImageReference = "docker.io/library/none:1" }, Cancellation),
            Throws.TypeOf<RuntimeException>().With.Message.Contains("docker.io/library/none:1"));
        Assert.That(
            async () => await Daemon.CreateContainerAsync(
                id, sandbox, Container(sandbox, "") with { StopSignal = "SIGNOTHING" }, Cancellation),
            Throws.TypeOf<RuntimeException>().With.Message.Contains("SIGNOTHING"));
        Assert.That(
            async () => await pod.StartAsync(Container(sandbox, "") with { Command = ["/no/such/program"] }),
            Throws.TypeOf<RuntimeException>().With.Message.Contains("/no/such/program"));
    }

    private static async Task<ContainerUsage> UsageAsync(RunningPod pod) =>
        (await Daemon.ListUsageAsync(Cancellation)).Single(usage => usage.Pod == pod.Sandbox.Pod && usage.Container == "main");
}

using Etcdish.Kubelet.Runtime;

namespace Etcdish.Kubelet.Tests.Processes;

[TestFixture(true)]
[TestFixture(false)]
public sealed class ContainerLifeTests(bool isPrivileged)
{
    [Test]
    public async Task A_container_is_made_then_runs_then_has_ended_with_its_code()
    {
        await using var fixture = await RuntimeFixture.CreateAsync(isPrivileged);
        var id = await fixture.CreateAsync(RuntimeFixture.Shell("exit 7") with { Attempt = 3 });
        var made = await fixture.Runtime.GetContainerAsync(id, default);
        await fixture.Runtime.StartContainerAsync(id, default);
        var ended = await fixture.EndAsync(id);

        Assert.Multiple(() =>
        {
            Assert.That(made!.Phase, Is.EqualTo(ContainerPhase.Created));
            Assert.That(ended.ExitCode, Is.EqualTo(7));
            Assert.That(ended.Reason, Is.EqualTo("Error"));
            Assert.That(ended.Attempt, Is.EqualTo(3));
            Assert.That(ended.StartedAt, Is.GreaterThanOrEqualTo(ended.CreatedAt - TimeSpan.FromSeconds(1)));
            Assert.That(ended.FinishedAt, Is.GreaterThanOrEqualTo(ended.StartedAt!.Value));
        });
    }

    [Test]
    public async Task What_is_stopped_gets_its_signal_and_time_to_end()
    {
        await using var fixture = await RuntimeFixture.CreateAsync(isPrivileged);
        var id = await fixture.StartAsync(
            RuntimeFixture.Shell("trap 'echo told; exit 3' USR1; echo ready; while :; do sleep 0.1; done") with { StopSignal = "SIGUSR1" });
        await fixture.LogUntilAsync(log => log.Contains("stdout F ready"));
        await fixture.Runtime.StopContainerAsync(id, RuntimeFixture.Patience, default);

        Assert.That((await fixture.Runtime.GetContainerAsync(id, default))!.ExitCode, Is.EqualTo(3));
        Assert.That(fixture.Log(), Does.Contain("stdout F told"));
    }

    [Test]
    public async Task What_does_not_end_in_its_time_is_killed_with_all_that_it_started()
    {
        await using var fixture = await RuntimeFixture.CreateAsync(isPrivileged);
        var marker = $"3{Random.Shared.Next(100_000, 999_999)}";
        var id = await fixture.StartAsync(RuntimeFixture.Shell($"trap '' TERM; sleep {marker} & (sleep {marker} &); echo ready; sleep {marker}"));
        await fixture.LogUntilAsync(log => log.Contains("stdout F ready"));
        await fixture.Runtime.StopContainerAsync(id, TimeSpan.FromMilliseconds(100), default);

        Assert.That((await fixture.Runtime.GetContainerAsync(id, default))!.ExitCode, Is.EqualTo(137));
        Assert.That(RuntimeFixture.ProcessesWith(marker), Is.Empty);
    }

    [Test]
    public async Task What_a_container_left_running_ends_with_it()
    {
        await using var fixture = await RuntimeFixture.CreateAsync(isPrivileged);
        var marker = $"4{Random.Shared.Next(100_000, 999_999)}";
        var ended = await fixture.RunAsync(RuntimeFixture.Shell($"sleep {marker} & exit 0"));

        Assert.That(ended.Reason, Is.EqualTo("Completed"));
        Assert.That(RuntimeFixture.ProcessesWith(marker), Is.Empty);
    }

    [Test]
    public async Task A_command_that_is_not_there_is_a_failure_of_the_start()
    {
        await using var fixture = await RuntimeFixture.CreateAsync(isPrivileged);
        var id = await fixture.CreateAsync(RuntimeFixture.Shell("") with { Command = ["no-such-program"] });

        Assert.That(
            async () => await fixture.Runtime.StartContainerAsync(id, default),
            Throws.TypeOf<RuntimeException>().With.Message.EqualTo("exec: \"no-such-program\": executable file not found in $PATH"));
        var state = await fixture.Runtime.GetContainerAsync(id, default);
        Assert.That((state!.Phase, state.ExitCode, state.Reason), Is.EqualTo((ContainerPhase.Exited, 128, "StartError")));
    }

    [Test]
    public async Task Without_a_command_the_refusal_says_what_is_missing()
    {
        await using var fixture = await RuntimeFixture.CreateAsync(isPrivileged);

        Assert.That(
            async () => await fixture.CreateAsync(RuntimeFixture.Shell("") with { Command = [] }),
            Throws.TypeOf<RuntimeException>().With.Message.Contains("container main has no `command`"));
    }

    [Test]
    public async Task The_environment_is_what_the_pod_says_and_nothing_of_this_process()
    {
        await using var fixture = await RuntimeFixture.CreateAsync(isPrivileged);
        await fixture.RunAsync(RuntimeFixture.Shell("") with
        {
            Command = ["/usr/bin/env"],
            Environment = [new("GREETING", "it's\ntwo lines & $HOME"), new("with.dots", "yes")],
        });

        var home = isPrivileged ? "/" : fixture.Log().Single(line => line.Contains(" HOME=", StringComparison.Ordinal))[14..];
        Assert.That(fixture.Log(), Is.EquivalentTo((string[])[
            "stdout F PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            $"stdout F HOME={home}",
            "stdout F GREETING=it's",
            "stdout F two lines & $HOME",
            "stdout F with.dots=yes",
        ]));
    }

    [Test]
    public async Task Commands_run_in_a_container_give_output_and_code_and_are_killed_past_their_limit()
    {
        await using var fixture = await RuntimeFixture.CreateAsync(isPrivileged);
        var marker = $"5{Random.Shared.Next(100_000, 999_999)}";
        var id = await fixture.StartAsync(RuntimeFixture.Shell("sleep 1000") with { Environment = [new("WHO", "me")] });
        var output = await fixture.Runtime.RunCommandAsync(id, ["sh", "-c", "echo $WHO; echo err >&2; exit 4"], RuntimeFixture.Patience, default);

        Assert.That(output.ExitCode, Is.EqualTo(4));
        Assert.That((output.Stdout, output.Stderr), Is.EqualTo(("me\n"u8.ToArray(), "err\n"u8.ToArray())));
        Assert.That(
            async () => await fixture.Runtime.RunCommandAsync(id, ["sleep", marker], TimeSpan.FromMilliseconds(200), default),
            Throws.TypeOf<TimeoutException>());
        Assert.That(RuntimeFixture.ProcessesWith(marker), Is.Empty);
        await fixture.Runtime.StopContainerAsync(id, TimeSpan.Zero, default);
        Assert.That(
            async () => await fixture.Runtime.RunCommandAsync(id, ["true"], RuntimeFixture.Patience, default),
            Throws.TypeOf<RuntimeException>().With.Message.Contains("is not running"));
    }

    [Test]
    public async Task Stopping_a_sandbox_ends_its_containers_and_removing_it_leaves_nothing()
    {
        await using var fixture = await RuntimeFixture.CreateAsync(isPrivileged);
        var id = await fixture.StartAsync(RuntimeFixture.Shell("sleep 1000"));
        await fixture.Runtime.StopSandboxAsync(fixture.Sandbox, default);
        var stopped = await fixture.Runtime.ListAsync(default);
        await fixture.Runtime.RemoveSandboxAsync(fixture.Sandbox, default);
        await fixture.Runtime.RemoveSandboxAsync(fixture.Sandbox, default);
        await fixture.Runtime.RemoveContainerAsync(id, default);
        var removed = await fixture.Runtime.ListAsync(default);

        Assert.Multiple(() =>
        {
            Assert.That(stopped.Sandboxes.Single().IsReady, Is.False);
            Assert.That(stopped.Containers.Single().Phase, Is.EqualTo(ContainerPhase.Exited));
            Assert.That(removed.Sandboxes, Is.Empty);
            Assert.That(removed.Containers, Is.Empty);
            Assert.That(Directory.GetFileSystemEntries(Path.Combine(fixture.Folder, "runtime"), "*", SearchOption.AllDirectories)
                .Select(Path.GetFileName), Is.EquivalentTo((string[])["lock", "sandboxes", "containers", "run"]));
        });
    }

    [Test]
    public async Task Usage_is_that_of_all_its_processes()
    {
        await using var fixture = await RuntimeFixture.CreateAsync(isPrivileged);
        await fixture.StartAsync(RuntimeFixture.Shell("i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo done; sleep 1000"));
        await fixture.LogUntilAsync(log => log.Contains("stdout F done"));
        var usage = (await fixture.Runtime.ListUsageAsync(default)).Single(one => one.Container == "main");

        Assert.That(usage.CpuNanoseconds, Is.GreaterThan(10_000_000));
        Assert.That(usage.WorkingSetBytes, Is.GreaterThan(0).And.LessThan(100 << 20));
    }
}

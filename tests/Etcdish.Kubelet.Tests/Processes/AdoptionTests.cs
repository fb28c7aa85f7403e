using System.Globalization;
using Etcdish.Kubelet.Processes;
using Etcdish.Kubelet.Runtime;

namespace Etcdish.Kubelet.Tests.Processes;

public sealed class AdoptionTests
{
    [Test]
    public async Task Who_opens_the_folder_later_goes_on_with_the_same_processes()
    {
        await using var fixture = await RuntimeFixture.CreateAsync();
        var id = await fixture.StartAsync(RuntimeFixture.Shell("echo $$; exec sleep 1000") with { Labels = new Dictionary<string, string> { ["a"] = "b" } });
        await fixture.LogUntilAsync(log => log.Length == 1);
        var before = await fixture.Runtime.GetContainerAsync(id, default);
        await fixture.ReopenAsync();
        var after = await fixture.Runtime.GetContainerAsync(id, default);

        Assert.That(after!.Phase, Is.EqualTo(ContainerPhase.Running));
        Assert.That(after.Labels, Is.EqualTo(before!.Labels));
        Assert.That((after.StartedAt, after.CreatedAt, after.Name), Is.EqualTo((before.StartedAt, before.CreatedAt, before.Name)));
        Assert.That((await fixture.Runtime.ListAsync(default)).Sandboxes.Single().IsReady);
        Assert.That(await fixture.ExecAsync(id, "echo here"), Is.EqualTo("here\n"));
        await fixture.Runtime.StopContainerAsync(id, RuntimeFixture.Patience, default);
        Assert.That((await fixture.Runtime.GetContainerAsync(id, default))!.ExitCode, Is.EqualTo(143));
    }

    [Test]
    public async Task What_ended_while_nobody_looked_is_known_with_its_code()
    {
        await using var fixture = await RuntimeFixture.CreateAsync();
        var id = await fixture.StartAsync(RuntimeFixture.Shell("read -r line; exit 9") with { Stdin = true });
        await fixture.Runtime.DisposeAsync();
        var probe = new RuntimeFolderProbe(fixture.Folder, id);
        await probe.SayAsync("go\n");
        Assert.That(await probe.ExitCodeAsync(), Is.EqualTo("9"));
        await fixture.ReopenAsync();

        var state = await fixture.Runtime.GetContainerAsync(id, default);
        Assert.That((state!.Phase, state.ExitCode), Is.EqualTo((ContainerPhase.Exited, 9)));
    }

    [Test]
    public async Task A_number_that_another_process_has_now_is_not_taken_for_the_container()
    {
        await using var fixture = await RuntimeFixture.CreateAsync();
        var id = await fixture.StartAsync(RuntimeFixture.Shell("sleep 1000"));
        await fixture.Runtime.DisposeAsync();
        var folder = Path.Combine(fixture.Folder, "runtime", "containers", id);
        foreach (var name in (string[])["supervisor", "process"])
        {
            LinuxCalls.Signal(ProcessIdentity.Load(Path.Combine(folder, name))!.Value.Id, LinuxCalls.SignalKill);
            await File.WriteAllTextAsync(Path.Combine(folder, name), await File.ReadAllTextAsync("/proc/self/stat"));
            var fields = (await File.ReadAllTextAsync(Path.Combine(folder, name))).Split(' ');
            fields[21] = (long.Parse(fields[21], CultureInfo.InvariantCulture) - 1).ToString(CultureInfo.InvariantCulture);
            await File.WriteAllTextAsync(Path.Combine(folder, name), string.Join(' ', fields));
        }

        File.Delete(Path.Combine(fixture.Folder, "runtime", "run", id + ".exit"));
        await fixture.ReopenAsync();

        var state = await fixture.EndAsync(id);
        Assert.That((state.ExitCode, state.Reason), Is.EqualTo((255, "Unknown")));
    }

    [Test]
    public async Task A_folder_belongs_to_one_runtime()
    {
        await using var fixture = await RuntimeFixture.CreateAsync();

        Assert.That(
            () => ProcessRuntime.Open(
                new ProcessRuntimeOptions { Folder = Path.Combine(fixture.Folder, "runtime") }, TimeProvider.System, _ => { }),
            Throws.TypeOf<RuntimeException>().With.Message.Contains("another process runs containers"));
    }

    [Test]
    public async Task Fifty_containers_start_and_stop_side_by_side()
    {
        await using var fixture = await RuntimeFixture.CreateAsync();
        var watch = System.Diagnostics.Stopwatch.StartNew();
        var ids = await Task.WhenAll(Enumerable.Range(0, 50).Select(
            number => fixture.StartAsync(RuntimeFixture.Shell("exec sleep 1000", $"c{number}"))));
        TestContext.Out.WriteLine($"50 containers started in {watch.ElapsedMilliseconds} ms");

        Assert.That((await fixture.Runtime.ListAsync(default)).Containers.Select(container => container.Phase), Is.All.EqualTo(ContainerPhase.Running));
        await Task.WhenAll(ids.Select(id => fixture.Runtime.StopContainerAsync(id, RuntimeFixture.Patience, default)));
        Assert.That((await fixture.Runtime.ListAsync(default)).Containers.Select(container => container.ExitCode), Is.All.EqualTo(143));
    }
}

using Etcdish.Kubelet.Processes;
using Etcdish.Kubelet.Runtime;

namespace Etcdish.Kubelet.Tests.Processes;

public sealed class ContainerLogTests
{
    [Test]
    public async Task Both_streams_come_line_by_line_and_what_has_no_newline_at_the_end()
    {
        await using var fixture = await RuntimeFixture.CreateAsync();
        await fixture.RunAsync(RuntimeFixture.Shell("echo one; echo two >&2; printf 'th'; sleep 0.1; printf 'ree'"));

        Assert.That(fixture.Log(), Is.EquivalentTo((string[])["stdout F one", "stderr F two", "stdout F three"]));
    }

    [Test]
    public async Task A_long_line_comes_in_parts()
    {
        await using var fixture = await RuntimeFixture.CreateAsync();
        await fixture.RunAsync(RuntimeFixture.Shell("head -c 40000 /dev/zero | tr '\\0' x; echo; echo next"));

        Assert.That(fixture.Log(), Is.EqualTo((string[])[
            "stdout P " + new string('x', CriLogWriter.MostBytes),
            "stdout P " + new string('x', CriLogWriter.MostBytes),
            "stdout F " + new string('x', 40_000 - (2 * CriLogWriter.MostBytes)),
            "stdout F next",
        ]));
    }

    [Test]
    public async Task Much_output_is_all_there_and_in_order()
    {
        await using var fixture = await RuntimeFixture.CreateAsync();
        await fixture.RunAsync(RuntimeFixture.Shell("seq 1 300000"));

        Assert.That(fixture.Log(), Is.EqualTo(Enumerable.Range(1, 300_000).Select(number => $"stdout F {number}")));
    }

    /// <summary>As of a pod of containerd, standard output is a pipe, of which nothing is cut off.</summary>
    [Test]
    public async Task What_is_opened_anew_is_the_same_stream([Values(0, 65534)] long user)
    {
        await using var fixture = await RuntimeFixture.CreateAsync();
        await fixture.RunAsync(
            RuntimeFixture.Shell("for i in 1 2 3; do seq $i 3 50000; echo end $i > /dev/stderr; echo out $i > /dev/stdout; done")
            with
            { User = new UserSettings { Uid = user, Gid = user } });

        var log = fixture.Log();
        Assert.That(
            log.Where(line => line.StartsWith("stdout", StringComparison.Ordinal)),
            Is.EqualTo(Enumerable.Range(1, 3).SelectMany(first => Enumerable.Range(0, (50_000 - first) / 3 + 1)
                .Select(step => $"stdout F {first + (step * 3)}").Append($"stdout F out {first}"))));
        Assert.That(
            log.Where(line => line.StartsWith("stderr", StringComparison.Ordinal)),
            Is.EqualTo((string[])["stderr F end 1", "stderr F end 2", "stderr F end 3"]));
    }

    [Test]
    public async Task What_is_written_while_nobody_reads_is_in_the_log_once_somebody_does()
    {
        await using var fixture = await RuntimeFixture.CreateAsync();
        var id = await fixture.StartAsync(RuntimeFixture.Shell("echo before; read -r line; seq 1 50000; echo after") with { Stdin = true });
        await fixture.LogUntilAsync(log => log.Contains("stdout F before"));
        await fixture.Runtime.DisposeAsync();
        var ended = new RuntimeFolderProbe(fixture.Folder, id);
        await ended.SayAsync("go\n");
        await ended.ExitCodeAsync();
        await fixture.ReopenAsync();
        await fixture.EndAsync(id);

        Assert.That(fixture.Log(), Is.EqualTo((string[])[
            "stdout F before", .. Enumerable.Range(1, 50_000).Select(number => $"stdout F {number}"), "stdout F after"]));
    }

    [Test]
    public async Task A_step_that_was_broken_off_is_made_again_and_doubles_nothing()
    {
        await using var fixture = await RuntimeFixture.CreateAsync();
        var id = await fixture.StartAsync(RuntimeFixture.Shell("echo one; read -r line; echo two") with { Stdin = true });
        await fixture.LogUntilAsync(log => log.Contains("stdout F one"));
        await fixture.Runtime.DisposeAsync();
        var log = Path.Combine(fixture.Settings.LogDirectory, "main", "0.log");
        await File.AppendAllTextAsync(log, "2026-01-01T00:00:00Z stdout F tw");
        await new RuntimeFolderProbe(fixture.Folder, id).SayAsync("go\n");
        await fixture.ReopenAsync();
        await fixture.EndAsync(id);

        Assert.That(fixture.Log(), Is.EqualTo((string[])["stdout F one", "stdout F two"]));
    }

    [Test]
    public async Task A_log_that_was_moved_away_goes_on_in_a_new_file()
    {
        await using var fixture = await RuntimeFixture.CreateAsync();
        var id = await fixture.StartAsync(RuntimeFixture.Shell("echo one; read -r line; echo two") with { Stdin = true });
        await fixture.LogUntilAsync(log => log.Contains("stdout F one"));
        var log = Path.Combine(fixture.Settings.LogDirectory, "main", "0.log");
        File.Move(log, log + ".old");
        await fixture.Runtime.ReopenLogAsync(id, default);
        await new RuntimeFolderProbe(fixture.Folder, id).SayAsync("go\n");
        await fixture.EndAsync(id);

        Assert.That(await File.ReadAllTextAsync(log + ".old"), Does.EndWith("stdout F one\n"));
        Assert.That(fixture.Log(), Is.EqualTo((string[])["stdout F two"]));
    }
}

/// <summary>What there is of a container while no runtime has its folder.</summary>
internal sealed class RuntimeFolderProbe(string folder, string id)
{
    private string Run => Path.Combine(folder, "runtime", "run");

    /// <summary>Writes to its standard input.</summary>
    public async Task SayAsync(string text)
    {
        await using var pipe = new FileStream(Path.Combine(folder, "runtime", "containers", id, "stdin"), FileMode.Open, FileAccess.Write);
        await pipe.WriteAsync(System.Text.Encoding.UTF8.GetBytes(text));
    }

    /// <summary>Waits for its exit code.</summary>
    public async Task<string> ExitCodeAsync()
    {
        using var changed = new SemaphoreSlim(1);
        using var watcher = new FileSystemWatcher(Run, id + ".exit");
        watcher.Changed += (_, _) => changed.Release();
        watcher.EnableRaisingEvents = true;
        var path = Path.Combine(Run, id + ".exit");
        while (!File.Exists(path) || new FileInfo(path).Length == 0)
        {
            Assert.That(await changed.WaitAsync(RuntimeFixture.Patience), "it does not end");
        }

        return (await File.ReadAllTextAsync(path)).Trim();
    }
}

using Etcdish.Process.Recording;
using Etcdish.Testing;

namespace Etcdish.Process;

/// <summary>
/// etcdish under traffic while its process is killed, paused, asked to end, or loses its disk: every acknowledged write survives, and
/// no watch loses, repeats or reorders an event.
/// </summary>
public class FaultTests
{
    private static readonly TimeSpan _exitLimit = TimeSpan.FromSeconds(30);
    private static readonly TrafficOptions _traffic = new() { Bookmarks = true };

    /// <summary>More rounds for a long night.</summary>
    private static int Rounds => int.TryParse(Environment.GetEnvironmentVariable("ETCDISH_KILL_ROUNDS"), out int rounds) ? rounds : 8;

    [Test]
    public async Task Undisturbed([Values] bool compact)
    {
        using var server = new EtcdishServer();
        server.Start();
        await using var recorder = new Recorder(server.ClientUrl, _traffic with { Compact = compact });
        await recorder.StartAsync();
        await recorder.WaitForAcknowledgedAsync(3_000);
        Verdict.MustBeGood(await recorder.FinishAsync(), server);
    }

    [Test]
    public async Task Killed_and_restarted_in_a_loop()
    {
        using var server = new EtcdishServer();
        server.Start();
        await using var recorder = new Recorder(server.ClientUrl, _traffic);
        await recorder.StartAsync();
        for (int round = 0; round < Rounds; round++)
        {
            // A different moment each round.
            await recorder.WaitForAcknowledgedAsync(300 + 37 * (round % 8));
            server.Restart();
            recorder.Gate.Open();
        }

        await recorder.WaitForAcknowledgedAsync(300);
        Verdict.MustBeGood(await recorder.FinishAsync(), server);
    }

    [Test]
    public async Task Paused_and_resumed()
    {
        using var server = new EtcdishServer();
        server.Start();
        await using var recorder = new Recorder(server.ClientUrl, _traffic with { CallTimeout = TimeSpan.FromSeconds(1) });
        await recorder.StartAsync();
        for (int round = 0; round < 3; round++)
        {
            await recorder.WaitForAcknowledgedAsync(300);
            int unknown = recorder.Unknown;
            server.Pause();
            await recorder.WaitAsync(now => now.Unknown >= unknown + _traffic.Clients);
            server.Resume();
        }

        await recorder.WaitForAcknowledgedAsync(300);
        Verdict.MustBeGood(await recorder.FinishAsync(), server);
    }

    [Test]
    public async Task Terminated_and_restarted()
    {
        using var server = new EtcdishServer();
        server.Start();
        await using var recorder = new Recorder(server.ClientUrl, _traffic);
        await recorder.StartAsync();
        for (int round = 0; round < 2; round++)
        {
            await recorder.WaitForAcknowledgedAsync(300);
            Assert.That(server.Terminate(), Is.Zero, server.Process.Describe());
            server.Start();
            recorder.Gate.Open();
        }

        await recorder.WaitForAcknowledgedAsync(300);
        Verdict.MustBeGood(await recorder.FinishAsync(), server);
    }

    // The count is per thread that syncs. The one that prepares segments makes 266 for the first two, so these hit the node loop's commits.
    [Test]
    public async Task A_failing_sync_ends_the_process([Values(300, 700)] int failingSync)
    {
        using var folder = new TemporaryFolder();
        using var server = new EtcdishServer();
        server.Launcher =
        [
            Tools.Strace(), "-D", "-f", "-q", "-o", folder.File("strace.txt"), "-e", "trace=fdatasync,fsync",
            "-e", $"inject=fdatasync:error=EIO:when={failingSync}+",
        ];
        server.Start();
        await using var recorder = new Recorder(server.ClientUrl, _traffic);
        await recorder.StartAsync();
        int exitCode = server.Process.WaitForExit(_exitLimit);
        Assert.That(exitCode, Is.Not.Zero, server.Process.Describe());
        Assert.That(server.Process.StandardError.Text, Does.Contain("fdatasync").Or.Contain("EIO").Or.Contain("Input/output error"));
        int acknowledged = recorder.Acknowledged;

        server.Launcher = [];
        server.Start();
        recorder.Gate.Open();
        await recorder.WaitAsync(now => now.Acknowledged > acknowledged + 100);
        Verdict.MustBeGood(await recorder.FinishAsync(), server);
    }

    [Test]
    public void Two_processes_on_one_directory()
    {
        using var first = new EtcdishServer();
        first.Start();
        using var second = new EtcdishServer(first.DataDirectory);
        ChildProcess process = second.Launch();
        Assert.That(process.WaitForExit(_exitLimit), Is.Not.Zero, process.Describe());
        Assert.That(process.StandardError.Text, Does.Contain(first.DataDirectory).And.Match("in use|locked|another"));

        var ctl = new EtcdCtl(first.ClientUrl);
        Assert.That(ctl.Run("put still here").ExitCode, Is.Zero, "the first goes on");
    }
}

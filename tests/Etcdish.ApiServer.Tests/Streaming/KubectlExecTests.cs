using Etcdish.Streaming.Sessions;
using Etcdish.Testing;

namespace Etcdish.ApiServer.Tests.Streaming;

/// <summary>Commands in containers by the unmodified kubectl, over WebSocket and over raw SPDY.</summary>
[TestFixture(false)]
[TestFixture(true)]
internal sealed class KubectlExecTests(bool isSpdy)
{
    private StreamingCluster _cluster = null!;

    [SetUp]
    public async Task StartAsync() => _cluster = await StreamingCluster.StartAsync();

    [TearDown]
    public async Task StopAsync() => await _cluster.DisposeAsync();

    [Test]
    public void Outputs_stay_apart_and_the_exit_code_passes_through()
    {
        var result = _cluster.Run(isSpdy, "", "exec", "web", "--", "sh", "-c", "echo out; echo err >&2; exit 3");

        Assert.That(result.StandardOutput, Is.EqualTo("out\n"));
        Assert.That(result.StandardError, Is.EqualTo("err\ncommand terminated with exit code 3\n"));
        Assert.That(result.ExitCode, Is.EqualTo(3));
    }

    [Test]
    public void The_end_of_input_reaches_the_command_while_its_output_goes_on()
    {
        var result = _cluster.Run(isSpdy, "one two three", "exec", "-i", "web", "--", "sh", "-c", "wc -w; echo done");

        Assert.That(result.ToString(), Is.EqualTo(new Testing.CommandResult(0, "3\ndone\n", "").ToString()));
    }

    [Test]
    public void A_command_may_end_before_its_input()
    {
        var script = $"head -c 3000000 /dev/zero 2> /dev/null | {Tools.Kubectl()} exec -i web -- head -c 5 | wc -c";
        using var shell = _cluster.StartShell(isSpdy, script);

        Assert.That(shell.WaitForExit(TimeSpan.FromSeconds(20)), Is.Zero, shell.Describe);
        Assert.That(shell.StandardOutput.Text.Trim(), Is.EqualTo("5"));
    }

    [Test]
    public void A_command_that_is_not_there_is_told()
    {
        var result = _cluster.Run(isSpdy, "", "exec", "web", "--", "no-such-command");

        Assert.That(result.ExitCode, Is.EqualTo(1));
        Assert.That(result.StandardError, Does.Contain("error executing command in container: ").And.Contain("no-such-command"));
    }

    [Test]
    public void Fifty_megabytes_go_out_and_come_back_unchanged()
    {
        var script = $"""
            head -c 52428800 /dev/urandom > {_cluster.File("data")} &&
            {Tools.Kubectl()} exec -i web -- cat < {_cluster.File("data")} | cmp - {_cluster.File("data")} && echo same
            """;
        using var shell = _cluster.StartShell(isSpdy, script);

        Assert.That(shell.WaitForExit(TimeSpan.FromSeconds(60)), Is.Zero, shell.Describe);
        Assert.That(shell.StandardOutput.Text, Is.EqualTo("same\n"));
    }

    [Test]
    public void Files_are_copied_both_ways()
    {
        var (here, there, back) = (_cluster.File("here"), _cluster.File("there"), _cluster.File("back"));
        var content = string.Concat(Enumerable.Range(0, 200_000).Select(i => $"{i}\n"));
        File.WriteAllText(here, content);

        var outward = _cluster.Run(isSpdy, "", "cp", here, $"web:{there}");
        var inward = _cluster.Run(isSpdy, "", "cp", $"web:{there}", back);

        Assert.That(outward.ExitCode, Is.Zero, outward.ToString());
        Assert.That(inward.ExitCode, Is.Zero, inward.ToString());
        Assert.That(File.ReadAllText(back), Is.EqualTo(content));
    }

    [Test]
    public void What_runs_is_attached_to()
    {
        var result = _cluster.Run(isSpdy, "hello\n", "attach", "-i", "web");

        Assert.That(result.ExitCode, Is.Zero, result.ToString());
        Assert.That(result.StandardOutput, Is.EqualTo("hello\n"));
    }

    [Test]
    public async Task A_command_learns_that_its_client_was_killed()
    {
        using var kubectl = _cluster.Start(isSpdy, "exec", "-i", "web", "--", "sh", "-c", "echo started; sleep 1000");
        Assert.That(kubectl.StandardOutput.Wait(text => text == "started\n", TimeSpan.FromSeconds(20)), Is.True, kubectl.Describe);

        kubectl.Kill();

        await _cluster.Kubelet.ClientGone.Task.WaitAsync(TimeSpan.FromSeconds(20));
    }

    [Test]
    public async Task A_client_learns_that_the_kubelet_is_gone()
    {
        using var kubectl = _cluster.Start(isSpdy, "exec", "-i", "web", "--", "sh", "-c", "echo started; sleep 1000");
        Assert.That(kubectl.StandardOutput.Wait(text => text == "started\n", TimeSpan.FromSeconds(20)), Is.True, kubectl.Describe);

        await _cluster.Kubelet.DisposeAsync();

        // Over SPDY kubectl takes the loss of a connection for success, whoever loses it.
        Assert.That(kubectl.WaitForExit(TimeSpan.FromSeconds(20)), isSpdy ? Is.Zero : Is.Not.Zero, kubectl.Describe);
    }

    [Test]
    public async Task The_size_of_a_terminal_reaches_the_kubelet()
    {
        var command = $"stty rows 33 cols 111; {Tools.Kubectl()} exec -it web -- sh -c 'cat > /dev/null'";
        using var terminal = _cluster.StartShell(isSpdy, $"exec script -qec \"{command}\" /dev/null");

        var size = await _cluster.Kubelet.Resized.Task.WaitAsync(TimeSpan.FromSeconds(20));

        Assert.That(size, Is.EqualTo(new TerminalSize(111, 33)));
    }
}

using System.Net;
using System.Net.Sockets;
using System.Text;
using Etcdish.Kubelet.Pods;
using Etcdish.Kubelet.Runtime;

namespace Etcdish.Kubelet.Tests.Server;

/// <summary>Commands in containers and forwarded ports, by the unmodified kubectl through the API server, and by requests of their own.</summary>
internal sealed class CommandEndpointTests
{
    private ServerBench _bench = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _bench = await ServerBench.StartAsync();
        await _bench.AddPodAsync("web", "");
    }

    [OneTimeTearDown]
    public async Task StopAsync() => await _bench.DisposeAsync();

    [Test]
    public void Kubectl_runs_commands()
    {
        var result = _bench.RunWithInput("one two", "exec", "-i", "web", "--", "sh", "-c", "wc -w; echo \"$0\" >&2; exit 3", "a b");

        Assert.That(result.StandardOutput, Is.EqualTo("2\n"));
        Assert.That(result.StandardError, Is.EqualTo("a b\ncommand terminated with exit code 3\n"));
        Assert.That(result.ExitCode, Is.EqualTo(3));
    }

    [Test]
    public void Kubectl_copies_and_attaches()
    {
        File.WriteAllText(_bench.File("here"), "content");
        Assert.That(_bench.Run("cp", _bench.File("here"), $"web:{_bench.File("there")}").ExitCode, Is.Zero);
        Assert.That(File.ReadAllText(_bench.File("there")), Is.EqualTo("content"));

        var result = _bench.RunWithInput("hello\n", "attach", "-i", "web");
        Assert.That(result.StandardOutput, Is.EqualTo("hello\n"), result.ToString());
    }

    [Test]
    public async Task Kubectl_forwards_ports()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        using var kubectl = _bench.Start("port-forward", "web", $":{port}");
        Assert.That(kubectl.StandardOutput.Wait(text => text.Contains("Forwarding", StringComparison.Ordinal), TimeSpan.FromSeconds(30)), Is.True, kubectl.Describe);
        var local = int.Parse(kubectl.StandardOutput.Text.Split("127.0.0.1:")[1].Split(' ')[0], null);

        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, local);
        await client.GetStream().WriteAsync("ping"u8.ToArray());
        using var accepted = await listener.AcceptTcpClientAsync();
        var received = new byte[4];
        await accepted.GetStream().ReadExactlyAsync(received);

        Assert.That(Encoding.ASCII.GetString(received), Is.EqualTo("ping"));
    }

    [Test]
    public async Task Kubectl_is_told_of_a_container_that_does_not_run()
    {
        await _bench.AddPodAsync("ended", "");
        _bench.Runtime.Set(HostRuntime.Container(
            "ended-1", _bench.Pods.Find("default", "ended")!.Identity(), "main", ContainerPhase.Exited));

        var result = _bench.Run("exec", "ended", "--", "true");

        Assert.That(result.ExitCode, Is.EqualTo(1));
        Assert.That(result.StandardError, Does.Contain("container not found (\"main\")"));
    }

    [TestCase("/exec/default/web/main", 400, "you must specify at least 1 of stdin, stdout, stderr")]
    [TestCase("/exec/default/web/main?output=1", 400, "you must specify a command")]
    [TestCase("/exec/default/none/main?output=1&command=true", 404, "pod does not exist")]
    [TestCase("/exec/default/web/other?output=1&command=true", 500, "container not found (\"other\")")]
    [TestCase("/exec/default/web/another-uid/main?output=1&command=true", 500, "container not found (\"main\")")]
    [TestCase("/exec/default/web/web/main?output=1&command=true", 400, "Upgrade request required")]
    [TestCase("/exec/default/web/main?output=1&command=true", 400, "Upgrade request required")]
    [TestCase("/attach/default/web/other?output=1", 500, "container other not found in pod web_default")]
    [TestCase("/portForward/default/none", 404, "pod does not exist")]
    [TestCase("/portForward/default/web/another-uid", 404, "pod not found")]
    [TestCase("/portForward/default/web", 400, "Upgrade request required")]
    [TestCase("/exec/default/web", 404, "404: Page Not Found")]
    [TestCase("/run/default/web/main?cmd=true", 405, "405: Method Not Allowed")]
    public async Task Requests_that_make_no_sense_are_told_so(string path, int status, string text)
    {
        using var http = _bench.ConnectMaster();
        using var response = await http.GetAsync(new Uri(path, UriKind.Relative));

        Assert.That(((int)response.StatusCode, (await response.Content.ReadAsStringAsync()).TrimEnd()), Is.EqualTo((status, text)));
    }

    [TestCase("/run/default/web/main?cmd=echo+some+words", 200, "some words\n")]
    [TestCase("/run/default/web/web/main?cmd=true", 200, "")]
    [TestCase("/run/default/web/main?cmd=false", 500, "command 'false' exited with 1: ")]
    [TestCase("/run/default/web/other?cmd=true", 500, "container not found (\"other\")")]
    public async Task A_command_can_be_run_without_streams(string path, int status, string text)
    {
        using var http = _bench.ConnectMaster();
        using var response = await http.PostAsync(new Uri(path, UriKind.Relative), null);

        Assert.That(((int)response.StatusCode, await response.Content.ReadAsStringAsync()), Is.EqualTo((status, text)));
    }
}

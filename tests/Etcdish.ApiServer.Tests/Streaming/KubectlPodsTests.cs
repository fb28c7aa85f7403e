using System.Net;
using System.Net.Sockets;

namespace Etcdish.ApiServer.Tests.Streaming;

/// <summary>Pods that kubectl finds by what they belong to, and pods and containers that it makes for a session.</summary>
internal sealed class KubectlPodsTests
{
    private const string Pods = "/api/v1/namespaces/default/pods";

    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(20);

    private StreamingCluster _cluster = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _cluster = await StreamingCluster.StartAsync();
        await _cluster.SendAsync(HttpMethod.Patch, Pods + "/web", """{"metadata":{"labels":{"app":"shop"}}}""");
    }

    [TearDown]
    public async Task StopAsync() => await _cluster.DisposeAsync();

    [TestCase("--selector=app=shop", "a line\n")]
    [TestCase("deploy/shop", "a line\n")]
    [TestCase("--all-pods deploy/shop", "[pod/web/main] a line\n")]
    public async Task Logs_are_found_by_label_and_workload(string what, string log)
    {
        await AddDeploymentAsync();
        var result = Run(["logs", .. what.Split(' ')]);

        Assert.That((result.ExitCode, result.StandardOutput), Is.EqualTo((0, log)), result.ToString());
    }

    [TestCase("service/shop", 80)]
    [TestCase("deploy/shop", 0)]
    public async Task Ports_are_forwarded_to_what_stands_behind_a_service_or_a_workload(string target, int servicePort)
    {
        await AddDeploymentAsync();
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        var port = ((IPEndPoint)server.LocalEndpoint).Port;
        await _cluster.SendAsync(
            HttpMethod.Post,
            "/api/v1/namespaces/default/services",
            $$$"""{"metadata":{"name":"shop"},"spec":{"selector":{"app":"shop"},"ports":[{"port":80,"targetPort":{{{port}}}}]}}""");
        using var kubectl = _cluster.Start(isSpdy: false, "port-forward", target, $":{(servicePort == 0 ? port : servicePort)}");
        Assert.That(
            kubectl.StandardOutput.Wait(text => text.Contains("127.0.0.1:", StringComparison.Ordinal), _limit), Is.True, kubectl.Describe);

        using var client = new TcpClient();
        var local = kubectl.StandardOutput.Text.Split("127.0.0.1:")[1].Split(' ')[0];
        await client.ConnectAsync(IPAddress.Loopback, int.Parse(local));
        using var accepted = await server.AcceptTcpClientAsync().WaitAsync(_limit);
        await accepted.GetStream().WriteAsync("hello"u8.ToArray());
        var received = new byte[5];
        await client.GetStream().ReadExactlyAsync(received).AsTask().WaitAsync(_limit);

        Assert.That(received, Is.EqualTo("hello"u8.ToArray()));
    }

    [Test]
    public async Task A_command_runs_in_a_pod_of_a_workload()
    {
        await AddDeploymentAsync();
        var result = Run(["exec", "deploy/shop", "--", "echo", "here"]);

        Assert.That((result.ExitCode, result.StandardOutput), Is.EqualTo((0, "here\n")), result.ToString());
    }

    [Test]
    public async Task A_pod_is_run_attached_to_and_removed()
    {
        using var kubectl = _cluster.Start(
            isSpdy: false, "run", "once", "--image=none", "--rm", "-i", "--quiet", """--overrides={"spec":{"nodeName":"node-1"}}""");
        kubectl.StandardInput.Write("hello\n");
        kubectl.StandardInput.Close();
        Run(["wait", "pod/once", "--for=create", "--timeout=20s"]);
        await SetStatusAsync("once", """{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}""");

        Assert.That(kubectl.WaitForExit(_limit), Is.Zero, kubectl.Describe);
        Assert.That(kubectl.StandardOutput.Text, Is.EqualTo("hello\n"));
        Assert.That(Run(["get", "pod", "once", "-o", "jsonpath={.metadata.deletionTimestamp}"]).StandardOutput, Is.Not.Empty);
    }

    [Test]
    public async Task A_container_is_put_into_a_pod_and_attached_to()
    {
        using var kubectl = _cluster.Start(
            isSpdy: false, "debug", "web", "-i", "--image=none", "--container=look", "--profile=general", "--quiet");
        kubectl.StandardInput.Write("hello\n");
        kubectl.StandardInput.Close();
        Run(["wait", "pod/web", "--for=jsonpath={.spec.ephemeralContainers[0].name}=look", "--timeout=20s"]);
        await SetStatusAsync("web", """{"ephemeralContainerStatuses":[{"name":"look","state":{"running":{}}}]}""");

        Assert.That(kubectl.WaitForExit(_limit), Is.Zero, kubectl.Describe);
        Assert.That(kubectl.StandardOutput.Text, Is.EqualTo("hello\n"));
        Assert.That(_cluster.Kubelet.Requests, Has.Some.StartsWith("GET /attach/default/web/look?"));
    }

    private Testing.CommandResult Run(params string[] arguments) => _cluster.Run(isSpdy: false, "", arguments);

    private Task SetStatusAsync(string pod, string status) =>
        _cluster.SendAsync(HttpMethod.Patch, $"{Pods}/{pod}/status", $$"""{"status":{{status}}}""");

    private Task AddDeploymentAsync() => _cluster.SendAsync(HttpMethod.Post, "/apis/apps/v1/namespaces/default/deployments", """
        {"metadata":{"name":"shop"},"spec":{"selector":{"matchLabels":{"app":"shop"}},
        "template":{"metadata":{"labels":{"app":"shop"}},"spec":{"containers":[{"name":"main","image":"none"}]}}}}
        """);
}

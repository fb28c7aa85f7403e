using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Text;

namespace Etcdish.ApiServer.Tests.Streaming;

/// <summary>Who is reached through the API server, and who is not.</summary>
internal sealed class BackendTests
{
    private const string Pods = "/api/v1/namespaces/default/pods";

    private StreamingCluster _cluster = null!;

    [SetUp]
    public async Task StartAsync() => _cluster = await StreamingCluster.StartAsync();

    [TearDown]
    public async Task StopAsync() => await _cluster.DisposeAsync();

    [Test]
    public async Task Of_several_containers_one_must_be_named()
    {
        await _cluster.AddPodAsync("two", "node-1", "a", "b");

        await ExpectAsync(
            $"{Pods}/two/exec?command=ls&stdout=true", 400, "a container name must be specified for pod two, choose one of: [a b]");
        await ExpectAsync($"{Pods}/two/log", 400, "a container name must be specified for pod two, choose one of: [a b]");
    }

    [TestCase("exec?command=ls&stdout=true")]
    [TestCase("attach?stdout=true")]
    [TestCase("portforward?ports=80")]
    public async Task Sessions_need_a_node_and_an_upgrade(string subresource)
    {
        await _cluster.AddPodAsync("waiting", "", "main");

        await ExpectAsync($"{Pods}/waiting/{subresource}", 400, "pod waiting does not have a host assigned");
        await ExpectAsync($"{Pods}/web/{subresource}", 400, "Upgrade request required");
        await ExpectAsync($"{Pods}/none/{subresource}", 404, "pods \"none\" not found");
    }

    [Test]
    public async Task A_node_that_is_not_there_is_told()
    {
        await _cluster.AddPodAsync("lost", "node-2", "main");

        await ExpectAsync($"{Pods}/lost/exec?command=ls&stdout=true", 404, "nodes \"node-2\" not found");
    }

    [Test]
    public async Task A_kubelet_that_is_down_is_told_to_kubectl()
    {
        await _cluster.Kubelet.DisposeAsync();

        var result = _cluster.Run(isSpdy: false, "", "exec", "web", "--", "ls");

        Assert.That(result.ExitCode, Is.EqualTo(1));
        Assert.That(result.StandardError, Does.Contain("error dialing backend: 127.0.0.1:"));
    }

    [Test]
    public async Task A_node_is_reached_by_its_proxy_with_path_query_and_body()
    {
        using var response = await _cluster.Http.PostAsync(
            new Uri("/api/v1/nodes/node-1/proxy/a%20b/c?x=1&y=%2F", UriKind.Relative),
            new StringContent("body", Encoding.UTF8, "text/plain"));

        Assert.That(response.Headers.GetValues("X-Seen"), Is.EqualTo(new[] { "POST /a%20b/c?x=1&y=%2F" }));
        Assert.That(await response.Content.ReadAsStringAsync(), Is.EqualTo("body"));
    }

    [Test]
    public async Task A_proxy_without_a_path_redirects_to_its_root()
    {
        using var response = await _cluster.Http.GetAsync(new Uri("/api/v1/nodes/node-1/proxy?x=1", UriKind.Relative));

        Assert.That(response.RequestMessage!.RequestUri!.PathAndQuery, Is.EqualTo("/api/v1/nodes/node-1/proxy/?x=1"));
        Assert.That(response.Headers.GetValues("X-Seen"), Is.EqualTo(new[] { "GET /?x=1" }));
    }

    [Test]
    public async Task Pods_and_endpoints_of_services_are_reached_at_their_addresses()
    {
        var address = OwnAddress();
        await using var backend = await FakeKubelet.StartAsync(certificates: null, address);
        await _cluster.SendAsync(HttpMethod.Patch, $"{Pods}/web/status", $$"""{"status":{"podIPs":[{"ip":"{{address}}"}]} }""");
        await _cluster.SendAsync(
            HttpMethod.Post,
            "/api/v1/namespaces/default/services",
            """{"metadata":{"name":"shop"},"spec":{"ports":[{"name":"http","port":80}]}}""");
        await _cluster.SendAsync(HttpMethod.Post, "/api/v1/namespaces/default/endpoints", $$"""
            {"metadata":{"name":"shop"},"subsets":[{"ports":[{"name":"http","port":{{backend.Port}} }],
             "addresses":[{"ip":"{{address}}","targetRef":{"kind":"Pod","name":"web"} }]}]}
            """);

        foreach (var path in new[] { $"pods/web:{backend.Port}", "services/shop:80", "services/shop:http", "services/http:shop:http" })
        {
            using var response = await _cluster.Http.GetAsync(new Uri($"/api/v1/namespaces/default/{path}/proxy/a?b", UriKind.Relative));

            Assert.That(response.IsSuccessStatusCode, Is.True, $"{path}: {await response.Content.ReadAsStringAsync()}");
            Assert.That(response.Headers.GetValues("X-Seen"), Is.EqualTo(new[] { "GET /a?b" }), path);
        }

        await ExpectAsync("/api/v1/namespaces/default/services/shop:81/proxy/", 503, "no service port 81 found for service \"shop\"");
        await ExpectAsync("/api/v1/namespaces/default/services/shop:https/proxy/", 503, "no endpoints available for service \"shop\"");
    }

    [TestCase("nodes/none/proxy/", 404, "nodes \"none\" not found")]
    [TestCase("nodes/a:b:c:d/proxy/", 400, "invalid node request \"a:b:c:d\"")]
    [TestCase("nodes/node-1:8080/proxy/", 400, "address not allowed")]
    [TestCase("namespaces/default/pods/web/proxy/", 400, "address not allowed")]
    [TestCase("namespaces/default/pods/ftp:web:21/proxy/", 400, "invalid pod request \"ftp:web:21\"")]
    [TestCase("namespaces/default/services/none/proxy/", 404, "endpoints \"none\" not found")]
    public Task What_may_not_be_reached_is_refused(string path, int status, string message) =>
        ExpectAsync($"/api/v1/{path}", status, message);

    // Loopback addresses are no pods'.
    private static IPAddress OwnAddress()
    {
        var address = NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(network => network.GetIPProperties().UnicastAddresses)
            .Select(unicast => unicast.Address)
            .FirstOrDefault(ip => ip.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(ip));
        Assume.That(address, Is.Not.Null, "this machine has the loopback address only");
        return address!;
    }

    private Task ExpectAsync(string path, int status, string message) => _cluster.ExpectFailureAsync(HttpMethod.Get, path, status, message);
}

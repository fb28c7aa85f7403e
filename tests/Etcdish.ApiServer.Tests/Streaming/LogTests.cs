using System.Net;
using Microsoft.AspNetCore.Http;

namespace Etcdish.ApiServer.Tests.Streaming;

/// <summary>Logs of containers, by the unmodified kubectl and by plain HTTP.</summary>
internal sealed class LogTests
{
    private const string Path = "/api/v1/namespaces/default/pods/web/log";

    private StreamingCluster _cluster = null!;

    [SetUp]
    public async Task StartAsync() => _cluster = await StreamingCluster.StartAsync();

    [TearDown]
    public async Task StopAsync() => await _cluster.DisposeAsync();

    [Test]
    public void Kubectl_prints_the_log_and_its_options_reach_the_kubelet()
    {
        var result = _cluster.Run(
            isSpdy: false, "", "logs", "web", "--tail=5", "--previous", "--timestamps", "--since=1m", "--limit-bytes=100");

        Assert.That(result.StandardOutput, Is.EqualTo("a line\n"), result.ToString());
        Assert.That(
            _cluster.Kubelet.Requests,
            Does.Contain("GET /containerLogs/default/web/main?previous=true&timestamps=true&sinceSeconds=60&tailLines=5&limitBytes=100"));
    }

    [Test]
    public void A_followed_log_comes_line_by_line()
    {
        using var seen = new SemaphoreSlim(0);
        _cluster.Kubelet.Logs = async http =>
        {
            await http.Response.WriteAsync("first\n");
            await seen.WaitAsync(http.RequestAborted);
            await http.Response.WriteAsync("second\n");
        };
        using var kubectl = _cluster.Start(isSpdy: false, "logs", "-f", "web");

        Assert.That(kubectl.StandardOutput.Wait(text => text == "first\n", TimeSpan.FromSeconds(20)), Is.True, kubectl.Describe);
        seen.Release();

        Assert.That(kubectl.WaitForExit(TimeSpan.FromSeconds(20)), Is.Zero);
        Assert.That(kubectl.StandardOutput.Text, Is.EqualTo("first\nsecond\n"));
    }

    [Test]
    public async Task The_kubelet_learns_that_nobody_follows_any_more()
    {
        var gone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _cluster.Kubelet.Logs = async http =>
        {
            using var watch = http.RequestAborted.Register(() => gone.TrySetResult());
            await http.Response.WriteAsync("first\n");
            await gone.Task;
        };
        using var kubectl = _cluster.Start(isSpdy: false, "logs", "-f", "web");
        Assert.That(kubectl.StandardOutput.Wait(text => text == "first\n", TimeSpan.FromSeconds(20)), Is.True, kubectl.Describe);

        kubectl.Kill();

        await gone.Task.WaitAsync(TimeSpan.FromSeconds(20));
    }

    [TestCase(400, "container is waiting to start", 400, "container is waiting to start")]
    [TestCase(404, "no such log", 404, "the server could not find the requested resource ( pods/log web)")]
    [TestCase(500, "disk on fire", 500, "Internal error occurred: disk on fire")]
    public async Task A_failure_of_the_kubelet_becomes_a_Status(int code, string text, int status, string message)
    {
        _cluster.Kubelet.Logs = http =>
        {
            http.Response.StatusCode = code;
            return http.Response.WriteAsync(text + "\n");
        };

        await ExpectAsync(Path, status, message);
    }

    [TestCase("?tailLines=-1", 422, "PodLogOptions \"web\" is invalid: tailLines: Invalid value: -1: must be greater than or equal to 0")]
    [TestCase("?limitBytes=0", 422, "PodLogOptions \"web\" is invalid: limitBytes: Invalid value: 0: must be greater than 0")]
    [TestCase("?tailLines=many", 400, "the parameter tailLines is no whole number: \"many\"")]
    [TestCase("?container=other", 400, "container other is not valid for pod web")]
    public Task A_wrong_parameter_is_refused(string query, int status, string message) => ExpectAsync(Path + query, status, message);

    [Test]
    public async Task A_pod_without_a_node_has_an_empty_log()
    {
        await _cluster.AddPodAsync("waiting", "", "main");

        using var response = await _cluster.Http.GetAsync(new Uri("/api/v1/namespaces/default/pods/waiting/log", UriKind.Relative));

        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.NoContent));
    }

    [Test]
    public async Task A_kubelet_that_is_down_is_told()
    {
        await _cluster.Kubelet.DisposeAsync();

        await ExpectAsync(Path, 500, "error dialing backend: 127.0.0.1:");
    }

    private Task ExpectAsync(string path, int status, string message) => _cluster.ExpectFailureAsync(HttpMethod.Get, path, status, message);
}

using System.Net;
using System.Text.Json.Nodes;
using Etcdish.Kubelet.Pods;
using Etcdish.Kubelet.Runtime;
using Etcdish.Kubelet.Server;
using Etcdish.Kubelet.Tests.Logs;

namespace Etcdish.Kubelet.Tests.Server;

/// <summary>Logs, by the unmodified kubectl through the API server, and by requests of their own.</summary>
internal sealed class LogEndpointTests
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    private ServerBench _bench = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _bench = await ServerBench.StartAsync();
        await _bench.AddPodAsync("web", LogBench.Lines(0, 5));
    }

    [OneTimeTearDown]
    public async Task StopAsync() => await _bench.DisposeAsync();

    [TestCase("", "line 0\nline 1\nline 2\nline 3\nline 4\n")]
    [TestCase("--tail=2", "line 3\nline 4\n")]
    [TestCase("--tail=0", "")]
    [TestCase("--since-time=2026-01-01T00:00:03Z", "line 3\nline 4\n")]
    [TestCase("--since=1s", "")]
    [TestCase("--limit-bytes=10", "line 0\nlin")]
    [TestCase("--timestamps --tail=1", "2026-01-01T00:00:04.500000000Z line 4\n")]
    [TestCase("-c main --tail=1", "line 4\n")]
    [TestCase("--all-containers --prefix --tail=1", "[pod/web/main] line 4\n")]
    public void Kubectl_shows_what_it_is_asked_for(string options, string expected)
    {
        var result = _bench.Run(["logs", "web", .. options.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);

        Assert.That(result.ToString(), Is.EqualTo(new Etcdish.Testing.CommandResult(0, expected, "").ToString()));
    }

    [Test]
    public async Task Kubectl_follows_until_the_container_ends()
    {
        var log = await _bench.AddPodAsync("short", LogBench.Lines(0, 1));
        using var kubectl = _bench.Start("logs", "-f", "short");
        Assert.That(kubectl.StandardOutput.Wait(text => text == "line 0\n", _patience), Is.True, kubectl.Describe);

        await File.AppendAllTextAsync(log, LogBench.Lines(1, 1));
        Assert.That(kubectl.StandardOutput.Wait(text => text == "line 0\nline 1\n", _patience), Is.True, kubectl.Describe);
        await File.AppendAllTextAsync(log, LogBench.Lines(2, 1));
        var pod = _bench.Pods.Find("default", "short")!;
        _bench.Runtime.Set(HostRuntime.Container("short-1", pod.Identity(), "main", ContainerPhase.Exited));

        Assert.That(kubectl.WaitForExit(_patience), Is.Zero);
        Assert.That(kubectl.StandardOutput.Text, Is.EqualTo("line 0\nline 1\nline 2\n"));
    }

    [Test]
    public async Task Kubectl_shows_the_log_of_the_run_before()
    {
        await _bench.AddPodAsync("again", LogBench.Lines(0, 1));
        var pod = _bench.Pods.Find("default", "again")!;
        _bench.Runtime.Set(HostRuntime.Container("again-1", pod.Identity(), "main", ContainerPhase.Exited));
        _bench.Runtime.Set(HostRuntime.Container("again-2", pod.Identity(), "main", ContainerPhase.Running, attempt: 1));
        await File.WriteAllTextAsync(_bench.Folders.Log(pod.Identity(), "main", 1), LogBench.Lines(7, 1));
        _bench.Pods.SetStatus("again", """
            {'containerStatuses':[{'name':'main','containerID':'host://again-2','state':{'running':{}},
             'lastState':{'terminated':{'containerID':'host://again-1'}}}]}
            """);

        Assert.That(_bench.Run("logs", "again").StandardOutput, Is.EqualTo("line 7\n"));
        Assert.That(_bench.Run("logs", "again", "--previous").StandardOutput, Is.EqualTo("line 0\n"));
        Assert.That(
            _bench.Run("logs", "web", "--previous").StandardError,
            Is.EqualTo("Error from server (BadRequest): previous terminated container \"main\" in pod \"web\" not found\n"));
    }

    [TestCase("{}", false, "container \"main\" in pod \"p\" is not available")]
    [TestCase("{'state':{'waiting':{'reason':'ContainerCreating'}}}", false, "container \"main\" in pod \"p\" is waiting to start: ContainerCreating")]
    [TestCase("{'state':{'waiting':{'reason':'ErrImagePull'}}}", false, "container \"main\" in pod \"p\" is waiting to start: image can't be pulled")]
    [TestCase("{'state':{'waiting':{'reason':'ImagePullBackOff'}}}", false, "container \"main\" in pod \"p\" is waiting to start: trying and failing to pull image")]
    [TestCase("{'state':{}}", false, "container \"main\" in pod \"p\" is waiting to start - no logs yet")]
    [TestCase("{'state':{'terminated':{}}}", false, "container \"main\" in pod \"p\" is terminated")]
    [TestCase("{'state':{'running':{}},'containerID':'c://1'}", true, "previous terminated container \"main\" in pod \"p\" not found")]
    [TestCase("{'state':{'running':{}},'containerID':'c://1','lastState':{'terminated':{'containerID':'c://0'}}}", false, "1")]
    [TestCase("{'state':{'running':{}},'containerID':'c://1','lastState':{'terminated':{'containerID':'c://0'}}}", true, "0")]
    [TestCase("{'state':{'terminated':{'containerID':'c://1'}}}", false, "1")]
    [TestCase("{'state':{'terminated':{}},'lastState':{'terminated':{'containerID':'c://0'}}}", false, "0")]
    [TestCase("{'state':{'waiting':{'reason':'CrashLoopBackOff'}},'lastState':{'terminated':{'containerID':'c://0'}}}", false, "0")]
    public void The_status_says_which_run_it_is_or_why_there_is_none(string status, bool previous, string expected)
    {
        var container = JsonNode.Parse(status.Replace('\'', '"'))!.AsObject();
        var list = container.Count == 0 ? new JsonArray() : new JsonArray(container);
        if (container.Count > 0)
        {
            container["name"] = "main";
        }

        foreach (var kind in new[] { "containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses" })
        {
            string found;
            try
            {
                found = LoggedContainer.Find(new JsonObject { [kind] = list.DeepClone() }, "p", "main", previous);
            }
            catch (RefusedException e)
            {
                Assert.That(e.Status, Is.EqualTo(400));
                found = e.Message;
            }

            Assert.That(found, Is.EqualTo(expected));
        }
    }

    [TestCase("/default/web/main?tailLines=-1", 422, """{"message": "Invalid request."}""")]
    [TestCase("/default/web/main?limitBytes=0", 422, """{"message": "Invalid request."}""")]
    [TestCase("/default/web/main?sinceSeconds=0", 422, """{"message": "Invalid request."}""")]
    [TestCase("/default/web/main?sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z", 422, """{"message": "Invalid request."}""")]
    [TestCase("/default/web/main?stream=Stdin", 422, """{"message": "Invalid request."}""")]
    [TestCase("/default/web/main?stream=Stdout&tailLines=1", 422, """{"message": "Invalid request."}""")]
    [TestCase("/default/web/main?tailLines=99999999999999999999", 400, """{"message": "Unable to decode query."}""")]
    [TestCase("/default/web/main?sinceTime=yesterday", 400, """{"message": "Unable to decode query."}""")]
    [TestCase("/default/web/main?sinceSeconds=9223372036854775807&tailLines=1", 200, "line 4\n")]
    [TestCase("/default/web/main?tailLines=9223372036854775807&sinceTime=2026-01-01T00:00:04Z", 200, "line 4\n")]
    [TestCase("/default/web/main?tail=1", 200, "line 4\n")]
    [TestCase("/default/web/main?tail=all&sinceTime=2026-01-01T00:00:04Z", 200, "line 4\n")]
    [TestCase("/default/web/main?follow=false&stream=Stderr", 200, "")]
    [TestCase("/default/web/other", 404, "container \"other\" not found in pod \"web\"")]
    [TestCase("/default/none/main", 404, "pod \"none\" does not exist")]
    [TestCase("/default/web", 404, "404: Page Not Found")]
    [TestCase("/default/web/..%2f..%2fetc/main", 404, "404: Page Not Found")]
    [TestCase("/default/..%2fweb/main", 404, "pod \"..%2fweb\" does not exist")]
    public async Task Requests_that_make_no_sense_are_told_so(string path, int status, string text)
    {
        using var http = _bench.ConnectMaster();
        using var response = await http.GetAsync(new Uri("/containerLogs" + path, UriKind.Relative));

        Assert.That(((int)response.StatusCode, await response.Content.ReadAsStringAsync()), Is.EqualTo((status, text)));
    }

    [Test]
    public async Task A_log_is_only_read()
    {
        using var http = _bench.ConnectMaster();
        using var response = await http.PostAsync(new Uri("/containerLogs/default/web/main", UriKind.Relative), null);

        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.MethodNotAllowed));
        Assert.That(response.Content.Headers.Allow, Is.EqualTo(new[] { "GET" }));
    }

    [Test]
    public async Task A_container_that_the_runtime_has_forgotten_is_told()
    {
        _bench.Pods.Add("lost", "{'containers':[{'name':'main'}]}");
        _bench.Pods.SetStatus("lost", "{'containerStatuses':[{'name':'main','containerID':'host://gone','state':{'running':{}}}]}");
        using var http = _bench.ConnectMaster();
        using var response = await http.GetAsync(new Uri("/containerLogs/default/lost/main", UriKind.Relative));

        Assert.That(await response.Content.ReadAsStringAsync(), Is.EqualTo("unable to retrieve container logs for gone"));
    }

    [Test]
    public async Task A_client_that_does_not_read_ends_nothing_and_gets_everything_when_it_does()
    {
        var line = new string('x', 1000);
        await _bench.AddPodAsync("large", string.Concat(Enumerable.Repeat(LogBench.Entry(0, line), 20_000)));
        using var http = _bench.ConnectMaster();
        using var response = await http.GetAsync(
            new Uri("/containerLogs/default/large/main", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
        using var other = await http.GetAsync(new Uri("/containerLogs/default/web/main", UriKind.Relative));

        Assert.That(await other.Content.ReadAsStringAsync(), Does.EndWith("line 4\n"));
        Assert.That((await response.Content.ReadAsByteArrayAsync()).Length, Is.EqualTo(20_000 * (line.Length + 1)));
    }
}

using System.Net;
using System.Text;
using Etcdish.ApiServer.InProcess;

namespace Etcdish.ApiServer.Tests;

/// <summary>Requests of clients in the same process are answered as those from outside.</summary>
public sealed class InProcessTests
{
    [Test]
    public async Task Objects_are_written_and_read_as_from_outside()
    {
        await using var cluster = await TestCluster.StartAsync(StoreKind.InProcess);
        using var client = cluster.ConnectInProcess("somebody", "system:masters");
        var created = await TestCluster.SendAsync(
            client, HttpMethod.Post, "/api/v1/namespaces/default/configmaps", """{"metadata":{"name":"a"},"data":{"x":"1"}}""");
        var inside = await TestCluster.SendAsync(client, HttpMethod.Get, "/api/v1/namespaces/default/configmaps/a");
        var outside = await cluster.GetAsync("/api/v1/namespaces/default/configmaps/a");
        var missing = await TestCluster.SendAsync(client, HttpMethod.Get, "/api/v1/namespaces/default/configmaps/b");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(created.Status, Is.EqualTo(201));
            Assert.That(inside.Text, Is.EqualTo(outside.Text));
            Assert.That(missing.Status, Is.EqualTo(404));
            Assert.That(missing["reason"], Is.EqualTo("NotFound"));
        }
    }

    [Test]
    public async Task The_user_is_who_the_client_was_made_for_and_roles_hold()
    {
        await using var cluster = await TestCluster.StartAsync(StoreKind.InProcess);
        using var client = cluster.ConnectInProcess("somebody", "some-group");
        var forbidden = await TestCluster.SendAsync(client, HttpMethod.Get, "/api/v1/namespaces/default/configmaps");
        var who = await TestCluster.SendAsync(
            client, HttpMethod.Post, "/apis/authentication.k8s.io/v1/selfsubjectreviews", """{"kind":"SelfSubjectReview"}""");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(forbidden.Status, Is.EqualTo(403));
            Assert.That(forbidden["message"], Does.Contain("User \"somebody\" cannot list"));
            Assert.That(who["status.userInfo.groups"], Does.Contain("some-group").And.Contain("system:authenticated"));
        }
    }

    [Test]
    public async Task A_watch_is_read_while_it_is_written()
    {
        await using var cluster = await TestCluster.StartAsync(StoreKind.InProcess);
        using var client = cluster.ConnectInProcess("somebody", "system:masters");
        using var events = new EventReader(await client.GetAsync(
            new Uri("/api/v1/namespaces/default/configmaps?watch=true&fieldSelector=metadata.name%3Da", UriKind.Relative),
            HttpCompletionOption.ResponseHeadersRead));
        await cluster.PostAsync("/api/v1/namespaces/default/configmaps", """{"metadata":{"name":"a"}}""");
        await cluster.DeleteAsync("/api/v1/namespaces/default/configmaps/a");
        Assert.That(await events.NamesAsync(2), Is.EqualTo(["ADDED a", "DELETED a"]));
    }

    [Test]
    public async Task A_large_list_comes_whole()
    {
        await using var cluster = await TestCluster.StartAsync(StoreKind.InProcess);
        using var client = cluster.ConnectInProcess("somebody", "system:masters");
        var text = new string('x', 300_000);
        for (var i = 0; i < 5; i++)
        {
            await cluster.PostAsync(
                "/api/v1/namespaces/default/configmaps", $$$"""{"metadata":{"name":"n{{{i}}}"},"data":{"x":"{{{text}}}"}}""");
        }

        var list = await TestCluster.SendAsync(client, HttpMethod.Get, "/api/v1/namespaces/default/configmaps");
        Assert.That(list.Body["items"]!.AsArray().Count(item => item!["data"]!["x"]?.GetValue<string>() == text), Is.EqualTo(5));
    }

    [Test]
    public async Task Who_asks_a_server_that_has_stopped_is_told()
    {
        var cluster = await TestCluster.StartAsync(StoreKind.InProcess);
        using var client = cluster.ConnectInProcess("somebody", "system:masters");
        await cluster.DisposeAsync();
        Assert.That(async () => await client.GetAsync(new Uri("/api/v1", UriKind.Relative)), Throws.InstanceOf<HttpRequestException>());
    }

    [Test]
    public async Task An_answer_that_breaks_off_is_an_error_for_its_reader()
    {
        using var request = Request("/a");
        using var answer = await new InProcessExchange(request, null).RunAsync(
            async http =>
            {
                await http.Response.BodyWriter.WriteAsync(Encoding.UTF8.GetBytes("half"));
                http.Abort();
            },
            CancellationToken.None);
        Assert.That(
            async () => await answer.Content.ReadAsByteArrayAsync(), Throws.InstanceOf<IOException>().Or.InstanceOf<HttpRequestException>());
    }

    [Test]
    public void An_answer_shorter_than_it_said_is_an_error()
    {
        using var request = Request("/a");
        Assert.That(
            async () =>
            {
                using var answer = await new InProcessExchange(request, null).RunAsync(
                    async http =>
                    {
                        http.Response.ContentLength = 10;
                        await http.Response.BodyWriter.WriteAsync(Encoding.UTF8.GetBytes("half"));
                    },
                    CancellationToken.None);
                await answer.Content.ReadAsByteArrayAsync();
            },
            Throws.InstanceOf<IOException>().Or.InstanceOf<HttpRequestException>());
    }

    [Test]
    public async Task Who_closes_the_answer_ends_the_request()
    {
        var gone = new TaskCompletionSource();
        using var request = Request("/a");
        var answer = await new InProcessExchange(request, null).RunAsync(
            async http =>
            {
                http.RequestAborted.Register(gone.SetResult);
                await http.Response.StartAsync();
                await gone.Task;
            },
            CancellationToken.None);
        var content = await answer.Content.ReadAsStreamAsync();
        Assert.That(gone.Task.IsCompleted, Is.False);
        answer.Dispose();
        await content.DisposeAsync();
        await gone.Task.WaitAsync(TimeSpan.FromSeconds(20));
    }

    [Test]
    public void Who_cancels_ends_the_request()
    {
        using var stop = new CancellationTokenSource();
        using var request = Request("/a");
        var running = new InProcessExchange(request, null).RunAsync(http => Task.Delay(-1, http.RequestAborted), stop.Token);
        stop.Cancel();
        Assert.That(async () => await running, Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public async Task A_request_arrives_as_it_was_sent()
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, "http://x/a%2Fb/c%3Ad?q=1%262");
        request.Headers.TryAddWithoutValidation("User-Agent", "me (test)");
        request.Content = new StringContent("body", Encoding.UTF8, "application/json");
        var seen = "";
        using var answer = await new InProcessExchange(request, Encoding.UTF8.GetBytes("body")).RunAsync(
            async http =>
            {
                using var reader = new StreamReader(http.Request.Body);
                seen = $"{http.Request.Method} {http.Request.Path.Value} {http.Request.Query["q"]} {http.Request.Headers.UserAgent} "
                    + $"{http.Request.ContentType} {http.Request.ContentLength} {await reader.ReadToEndAsync()}";
                http.Response.StatusCode = (int)HttpStatusCode.Accepted;
                http.Response.Headers["Warning"] = "299 - \"a\"";
                http.Response.ContentType = "text/plain";
            },
            CancellationToken.None);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(seen, Is.EqualTo("PUT /a%2Fb/c:d 1&2 me (test) application/json; charset=utf-8 4 body"));
            Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.Accepted));
            Assert.That(answer.Headers.GetValues("Warning"), Is.EqualTo(["299 - \"a\""]));
            Assert.That(answer.Content.Headers.ContentType?.MediaType, Is.EqualTo("text/plain"));
        }
    }

    private static HttpRequestMessage Request(string path) => new(HttpMethod.Get, new Uri("http://server" + path));
}

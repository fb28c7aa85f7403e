using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Etcdish.Network.Tests.Ingress;

/// <summary>Messages whose form is unusual, doubtful or an attack (RFC 9110, RFC 9112).</summary>
public sealed class MessageFormTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: web.example\r\n";
    private const string Post = "POST / HTTP/1.1\r\nHost: web.example\r\n";
    private readonly List<string> _seen = [];

    [TestCase(Post + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + Get + "\r\n", 400)]
    [TestCase(Post + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n", 400)]
    [TestCase(Post + "Content-Length: 4, 4\r\n\r\nabcd", 400)]
    [TestCase(Post + "Transfer-Encoding: gzip\r\n\r\nabcd", 400)]
    [TestCase(Get + "X-Folded: a\r\n b\r\n\r\n", 400)]
    [TestCase(Get + " X-Indented: a\r\n\r\n", 400)]
    [TestCase(Get + "X-Spaced : a\r\n\r\n", 400)]
    [TestCase(Get + "X-Return: a\rb\r\n\r\n", 400)]
    [TestCase(Get + "X-Null: a\0b\r\n\r\n", 400)]
    [TestCase(Get + "Host: other.example\r\n\r\n", 400)]
    [TestCase("GET / HTTP/1.1\r\n\r\n", 400)]
    [TestCase("GET /a\rb HTTP/1.1\r\nHost: web.example\r\n\r\n", 400)]
    [TestCase("GET /a\tb HTTP/1.1\r\nHost: web.example\r\n\r\n", 400)]
    [TestCase("GET /a#b HTTP/1.1\r\nHost: web.example\r\n\r\n", 400)]
    [TestCase("GET http://other.example/ HTTP/1.1\r\nHost: web.example\r\n\r\n", 400)]
    [TestCase("CONNECT web.example:443 HTTP/1.1\r\nHost: web.example:443\r\nConnection: close\r\n\r\n", 405)]
    [TestCase("TRACE / HTTP/1.1\r\nHost: web.example\r\nConnection: close\r\n\r\n", 405)]
    public async Task WhatIsDoubtfulReachesNobody(string request, int status)
    {
        await using var bench = await StartAsync();
        var answer = await RawHttp.AskAsync(bench, request);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(answer, Does.StartWith($"HTTP/1.1 {status} "));
            Assert.That(answer.Split("HTTP/1.1 "), Has.Length.EqualTo(2), "one answer and the end");
            Assert.That(_seen, Is.Empty);
        }
    }

    [Test]
    public async Task ATargetBeyondTheBoundIsRefused()
    {
        await using var bench = await StartAsync();
        var answer = await RawHttp.AskAsync(bench, $"GET /{new string('a', 20_000)} HTTP/1.1\r\nHost: web.example\r\n\r\n");
        Assert.That((answer.Split(' ')[1], _seen.Count), Is.EqualTo(("414", 0)));
    }

    [TestCase("GET http://web.example/a%252Fb?q=1 HTTP/1.1\r\nHost: web.example\r\n", "GET web.example /a%252Fb?q=1")]
    [TestCase("GET http://web.example HTTP/1.1\r\nHost: web.example\r\n", "GET web.example /")]
    [TestCase("GET / HTTP/1.1\r\nHost: WEB.Example.:8080\r\n", "GET WEB.Example.:8080 /")]
    [TestCase("GET / HTTP/1.0\r\nHost: web.example\r\n", "GET web.example /")]
    [TestCase("OPTIONS /a HTTP/1.1\r\nHost: web.example\r\n", "OPTIONS web.example /a")]
    [TestCase("PROPFIND /a HTTP/1.1\r\nHost: web.example\r\n", "PROPFIND web.example /a")]
    public async Task WhatIsOnlyUnusualArrives(string request, string seen)
    {
        await using var bench = await StartAsync();
        var answer = await RawHttp.AskAsync(bench, request + "Connection: close\r\n\r\n");
        Assert.That(answer, Does.StartWith("HTTP/1.1 200 "));
        Assert.That(_seen, Is.EqualTo([seen]));
    }

    [Test]
    public async Task TheServerItselfIsAskedOfUs()
    {
        await using var bench = await StartAsync();
        var answer = await RawHttp.AskAsync(bench, "OPTIONS * HTTP/1.1\r\nHost: web.example\r\nConnection: close\r\n\r\n");
        Assert.That(answer, Does.StartWith("HTTP/1.1 204 "));
        Assert.That(_seen, Is.Empty);
    }

    [TestCase("/admin", "admin")]
    [TestCase("/admin/", "admin")]
    [TestCase("/admin?x", "admin")]
    [TestCase("/%61dmin/x", "admin")]
    [TestCase("/x/../admin", "admin")]
    [TestCase("/x/%2e%2e/admin", "admin")]
    [TestCase("/./admin", "admin")]
    [TestCase("/admin/..", "root")]
    [TestCase("/adminx", "root")]
    [TestCase("/Admin", "root")]
    [TestCase("/admin%2Fx", "root")]
    [TestCase("//admin", "root")]
    [TestCase("/x/..%2Fadmin", "root")]
    public async Task APathIsReadElementByElement(string target, string service)
    {
        await using var bench = new IngressBench();
        foreach (var name in (string[])["root", "admin"])
        {
            var backend = await bench.AddBackendAsync(
                context => context.Response.WriteAsync($"{name} {context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget}"));
            bench.AddService(name, "", backend.Port);
        }

        bench.AddIngress(
            IngressBench.Rule("web.example", "/", "Prefix", "root") + "," + IngressBench.Rule("web.example", "/admin", "Prefix", "admin"));
        await bench.StartAsync();
        var answer = await RawHttp.AskAsync(bench, $"GET {target} HTTP/1.1\r\nHost: web.example\r\nConnection: close\r\n\r\n");
        Assert.That(answer, Does.Contain($"{service} {target}"));
    }

    [Test]
    public async Task AClientThatWouldWaitToBeToldToGoOnIsServedOrRefused()
    {
        await using var bench = await StartAsync();
        const string post = "POST / HTTP/1.1\r\nHost: {0}\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n";
        var served = await RawHttp.AskAsync(bench, post.Replace("{0}", "web.example", StringComparison.Ordinal) + "ab");
        var refused = await RawHttp.AskAsync(bench, post.Replace("{0}", "nobody.example", StringComparison.Ordinal));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(served, Does.Contain("HTTP/1.1 200 "));
            Assert.That(refused, Does.StartWith("HTTP/1.1 404 "));
        }
    }

    [TestCase("HTTP/1.1 304 Not Modified\r\nContent-Length: 1234\r\n\r\n", "304")]
    [TestCase("HTTP/1.1 204 No Content\r\n\r\n", "204")]
    [TestCase("HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n", "205")]
    public async Task AnAnswerWithoutABodyIsFollowedByTheNext(string answer, string status)
    {
        using var endpoint = RawHttp.Serve(answer);
        await using var bench = new IngressBench();
        bench.AddService("web", "", endpoint.Port);
        bench.AddIngress(IngressBench.Rule("web.example", "/", "Prefix", "web"));
        await bench.StartAsync();
        var answers = await RawHttp.AskAsync(bench, Get + "\r\n" + Get + "Connection: close\r\n\r\n");
        var heads = answers.Split("HTTP/1.1 ", StringSplitOptions.RemoveEmptyEntries);
        Assert.That(heads.Select(head => head[..3]), Is.EqualTo([status, status]));
    }

    [Test]
    public async Task AnswersBeforeTheAnswerAreNotTakenForIt()
    {
        using var endpoint = RawHttp.Serve(
            "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"
            + "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close, X-Near\r\nX-Near: 1\r\nKeep-Alive: timeout=5\r\nX-Far: 1\r\n\r\nok");
        await using var bench = new IngressBench();
        bench.AddService("web", "", endpoint.Port);
        bench.AddIngress(IngressBench.Rule("web.example", "/", "Prefix", "web"));
        await bench.StartAsync();
        var answer = await RawHttp.AskAsync(bench, Get + "Connection: close\r\n\r\n");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(answer, Does.StartWith("HTTP/1.1 200 OK\r\n").And.EndWith("\r\n\r\nok"));
            Assert.That(answer, Does.Contain("X-Far: 1").And.Not.Contain("X-Near").And.Not.Contain("Keep-Alive"));
        }
    }

    [TestCase("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")]
    [TestCase("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n")]
    public async Task AnAnswerCutShortIsCutShortForTheClientToo(string answer)
    {
        using var endpoint = RawHttp.Serve(answer);
        await using var bench = new IngressBench();
        bench.AddService("web", "", endpoint.Port);
        bench.AddIngress(IngressBench.Rule("web.example", "/", "Prefix", "web"));
        await bench.StartAsync();
        using var client = bench.Connect();
        Assert.That(
            async () => await client.GetStringAsync("http://web.example/"), Throws.InstanceOf<HttpRequestException>());
    }

    [TestCase("nonsense\r\n\r\n")]
    [TestCase("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n")]
    [TestCase("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n")]
    public async Task AnAnswerThatIsNoneIsABadGateway(string answer)
    {
        using var endpoint = RawHttp.Serve(answer);
        await using var bench = new IngressBench();
        bench.AddService("web", "", endpoint.Port);
        bench.AddIngress(IngressBench.Rule("web.example", "/", "Prefix", "web"));
        await bench.StartAsync();
        using var client = bench.Connect();
        using var response = await client.GetAsync("http://web.example/");
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.BadGateway));
    }

    [TestCase("POST", "2.0", 1)]
    [TestCase("POST", "1.1", 1)]
    [TestCase("PATCH", "2.0", 1)]
    [TestCase("DELETE", "1.1", 2)]
    public async Task WhatMayNotBeDoneTwiceIsNotSentTwiceOverAKeptConnection(string method, string version, int atLeast)
    {
        var tries = 0;
        await using var bench = await IngressBench.ServeAsync(context =>
        {
            if (context.Request.Path == "/break")
            {
                Interlocked.Increment(ref tries);
                context.Abort();
            }

            return Task.CompletedTask;
        });
        using var client = bench.Connect(Version.Parse(version));
        var root = version == "2.0" ? "https://web.example" : "http://web.example";
        using var first = await client.GetAsync(root + "/");
        using var request = new HttpRequestMessage(new HttpMethod(method), root + "/break");
        using var response = await client.SendAsync(request);
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.BadGateway));
        Assert.That(tries, atLeast == 1 ? Is.EqualTo(1) : Is.AtLeast(atLeast));
    }

    private async Task<IngressBench> StartAsync()
    {
        _seen.Clear();
        return await IngressBench.ServeAsync(async context =>
        {
            var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
            lock (_seen)
            {
                _seen.Add($"{context.Request.Method} {context.Request.Host} {target}");
            }

            await context.Request.Body.CopyToAsync(Stream.Null);
        });
    }
}

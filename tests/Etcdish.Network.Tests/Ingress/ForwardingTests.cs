using System.Net;
using System.Net.Sockets;
using System.Text;
using Etcdish.Network.Ingress;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Etcdish.Network.Tests.Ingress;

public sealed class ForwardingTests
{
    private static readonly List<Socket> _bound = [];

    private static IngressOptions Impatient => new()
    {
        HttpPort = 0,
        HttpsPort = 0,
        BindAddress = IPAddress.Loopback,
        IdleTimeout = TimeSpan.FromMilliseconds(300),
    };

    [Test]
    public async Task ARequestArrivesAsItWasWrittenWithWhereItCameFrom()
    {
        var seen = new TaskCompletionSource<(string Target, Dictionary<string, string> Headers)>();
        await using var bench = await IngressBench.ServeAsync(context =>
        {
            var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
            seen.TrySetResult((target, context.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString())));
            context.Response.Headers.Server = "the-backend";
            context.Response.Headers.Append("Set-Cookie", "a=1");
            context.Response.Headers.Append("Set-Cookie", "b=2");
            return context.Response.WriteAsync("hello");
        });
        var answer = await RawAsync(
            bench,
            "GET /a%2Fb/../c?q=%20x HTTP/1.1\r\nHost: web.example:8080\r\nConnection: close\r\nX-Kept: 2\r\n"
            + "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\nForwarded: for=6.6.6.6\r\n"
            + "Proxy-Authorization: x\r\nTE: gzip\r\n\r\n");
        var (target, headers) = await seen.Task;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(target, Is.EqualTo("/a%2Fb/../c?q=%20x"));
            Assert.That(headers["Host"], Is.EqualTo("web.example:8080"));
            Assert.That(headers["X-Kept"], Is.EqualTo("2"));
            Assert.That(headers["X-Forwarded-For"], Is.EqualTo("127.0.0.1"));
            Assert.That(headers["X-Forwarded-Proto"], Is.EqualTo("http"));
            Assert.That(headers["X-Forwarded-Host"], Is.EqualTo("web.example:8080"));
            Assert.That(headers["X-Forwarded-Port"], Is.EqualTo($"{bench.Listener.HttpEndPoint.Port}"));
            Assert.That(headers.Keys, Has.None.EqualTo("Forwarded").And.None.EqualTo("Proxy-Authorization")
                .And.None.EqualTo("TE"));
            Assert.That(answer, Does.Contain("Server: the-backend").And.Contain("Set-Cookie: a=1").And.Contain("Set-Cookie: b=2"));
            Assert.That(answer, Does.Contain("hello"));
        }
    }

    [Test]
    public async Task HeadersNamedByConnectionDoNotGoOn()
    {
        await using var bench = await IngressBench.ServeAsync(
            context => context.Response.WriteAsync(string.Join('|', context.Request.Headers.Keys)));
        using var client = bench.Connect();
        using var request = new HttpRequestMessage(HttpMethod.Get, "http://web.example/");
        request.Headers.TryAddWithoutValidation("Connection", "X-Secret");
        request.Headers.TryAddWithoutValidation("X-Secret", "1");
        request.Headers.TryAddWithoutValidation("X-Kept", "2");
        using var response = await client.SendAsync(request);
        Assert.That(await response.Content.ReadAsStringAsync(), Does.Contain("X-Kept").And.Not.Contain("X-Secret"));
    }

    [TestCase("Content-Length: 5\r\nTransfer-Encoding: chunked", "0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: web.example\r\n\r\n")]
    [TestCase("Content-Length: 5\r\nContent-Length: 6", "abcdef")]
    [TestCase("Transfer-Encoding: chunked, identity", "0\r\n\r\n")]
    [TestCase("Content-Length: +5", "abcde")]
    [TestCase("Transfer-Encoding : chunked", "0\r\n\r\n")]
    public async Task ALengthInDoubtIsNotPassedOn(string headers, string body)
    {
        var targets = new List<string>();
        await using var bench = await IngressBench.ServeAsync(context =>
        {
            lock (targets)
            {
                targets.Add($"{context.Request.Path} {context.Request.ContentLength} {context.Request.Headers.TransferEncoding}");
            }

            return context.Request.Body.CopyToAsync(Stream.Null);
        });
        await RawAsync(bench, $"POST / HTTP/1.1\r\nHost: web.example\r\nConnection: close\r\n{headers}\r\n\r\n{body}");

        // Either it is refused, or it arrives as one message with one length.
        Assert.That(targets, Is.Empty.Or.EqualTo((string[])["/  chunked"]).Or.EqualTo((string[])["/ 5 "]));
    }

    [Test]
    public async Task WhatHasNoWayIsToldSo()
    {
        await using var bench = await IngressBench.ServeAsync(context => Task.CompletedTask);
        bench.AddService("empty", "");
        bench.AddIngress(IngressBench.Rule("empty.example", "/", "Prefix", "empty"));
        bench.AddIngress(IngressBench.Rule("missing.example", "/", "Prefix", "missing"));
        bench.AddService("dead", "", DeadPort());
        bench.AddIngress(IngressBench.Rule("dead.example", "/", "Prefix", "dead"));
        using var client = bench.Connect();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(await StatusAsync(client, "http://nobody.example/"), Is.EqualTo(404));
            Assert.That(await StatusAsync(client, "http://empty.example/"), Is.EqualTo(503));
            Assert.That(await StatusAsync(client, "http://missing.example/"), Is.EqualTo(503));
            Assert.That(await StatusAsync(client, "http://dead.example/"), Is.EqualTo(502));
            Assert.That(await StatusAsync(client, "http://web.example/"), Is.EqualTo(200));
        }
    }

    [Test]
    public async Task ARequestThatReachedNoEndpointGoesToAnother([Values("GET", "POST")] string method)
    {
        await using var bench = new IngressBench();
        var backend = await bench.AddBackendAsync(context => context.Request.Body.CopyToAsync(context.Response.Body));
        bench.AddService("web", "", DeadPort(), DeadPort(), backend.Port);
        bench.AddIngress(IngressBench.Rule("web.example", "/", "Prefix", "web"));
        await bench.StartAsync();
        using var client = bench.Connect();
        for (var i = 0; i < 20; i++)
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), "http://web.example/");
            request.Content = method == "POST" ? new StringContent("body") : null;
            using var response = await client.SendAsync(request);
            Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.OK));
            Assert.That(await response.Content.ReadAsStringAsync(), Is.EqualTo(method == "POST" ? "body" : ""));
        }
    }

    [TestCase("GET", 200)]
    [TestCase("POST", 502)]
    public async Task AConnectionThatBreaksBeforeAnAnswerIsTriedAgainIfThatDoesNoHarm(string method, int status)
    {
        var tries = 0;
        await using var bench = await IngressBench.ServeAsync(context =>
        {
            if (Interlocked.Increment(ref tries) == 1)
            {
                context.Abort();
            }

            return Task.CompletedTask;
        });
        using var client = bench.Connect();
        using var request = new HttpRequestMessage(new HttpMethod(method), "http://web.example/");
        request.Content = method == "POST" ? new StringContent("once only") : null;
        using var response = await client.SendAsync(request);
        Assert.That(((int)response.StatusCode, tries), Is.EqualTo((status, status == 200 ? 2 : 1)));
    }

    [Test]
    public async Task AnEndpointThatSaysNothingIsLate()
    {
        await using var bench = await IngressBench.ServeAsync(context => NeverAsync(context.RequestAborted), Impatient);
        using var client = bench.Connect();
        Assert.That(await StatusAsync(client, "http://web.example/"), Is.EqualTo(504));
    }

    [Test]
    public async Task HalfAnAnswerIsNotTakenForAWhole()
    {
        await using var bench = await IngressBench.ServeAsync(async context =>
        {
            await context.Response.WriteAsync("half");
            await context.Response.Body.FlushAsync();
            context.Abort();
        });
        using var client = bench.Connect();
        Assert.That(async () => await client.GetStringAsync("http://web.example/"), Throws.InstanceOf<HttpRequestException>());
    }

    [Test]
    public async Task HeadersBeyondTheBoundAreRefused()
    {
        await using var bench = await IngressBench.ServeAsync(context => Task.CompletedTask);
        using var client = bench.Connect();
        client.DefaultRequestHeaders.Add("X-Large", new string('x', bench.Options.MaxHeaderBytes));
        Assert.That(await StatusAsync(client, "http://web.example/"), Is.EqualTo(431));
    }

    [Test]
    public async Task AHeadHasTheLengthOfWhatItDoesNotBring()
    {
        await using var bench = await IngressBench.ServeAsync(context =>
        {
            context.Response.ContentLength = 12345;
            return Task.CompletedTask;
        });
        using var client = bench.Connect();
        using var request = new HttpRequestMessage(HttpMethod.Head, "http://web.example/");
        using var response = await client.SendAsync(request);
        Assert.That(response.Content.Headers.ContentLength, Is.EqualTo(12345));
    }

    [Test]
    public async Task ARequestUnderWayOutlastsItsEndpointsLeave()
    {
        var arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var bench = await IngressBench.ServeAsync(async context =>
        {
            arrived.TrySetResult();
            await goOn.Task;
            await context.Response.WriteAsync("done");
        });
        using var client = bench.Connect();
        var answer = client.GetStringAsync("http://web.example/");
        await arrived.Task;
        bench.SetEndpoints("web");
        Assert.That(await StatusAsync(client, "http://web.example/"), Is.EqualTo(503));
        goOn.SetResult();
        Assert.That(await answer, Is.EqualTo("done"));
    }

    private static int DeadPort()
    {
        // A port that is bound but does not listen refuses, and nobody else can get it meanwhile.
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _bound.Add(socket);
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    [OneTimeTearDown]
    public void Release()
    {
        _bound.ForEach(socket => socket.Dispose());
        _bound.Clear();
    }

    private static Task NeverAsync(CancellationToken cancellation) =>
        new TaskCompletionSource().Task.WaitAsync(cancellation).ContinueWith(_ => { }, TaskScheduler.Default);

    private static async Task<int> StatusAsync(HttpClient client, string url)
    {
        using var response = await client.GetAsync(url);
        return (int)response.StatusCode;
    }

    private static async Task<string> RawAsync(IngressBench bench, string request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(bench.Listener.HttpEndPoint);
        await client.GetStream().WriteAsync(Encoding.Latin1.GetBytes(request));
        using var reader = new StreamReader(client.GetStream(), Encoding.Latin1);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        try
        {
            return await reader.ReadToEndAsync(patience.Token);
        }
        catch (IOException)
        {
            // What was refused with its body unread is reset.
            return "";
        }
    }
}

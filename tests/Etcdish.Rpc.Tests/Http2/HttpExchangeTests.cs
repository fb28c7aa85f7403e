using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Etcdish.Rpc.Tests.Http2;

/// <summary>Requests over HTTP/2 that are no gRPC, as the fallback sees and answers them.</summary>
public class HttpExchangeTests
{
    [Test]
    public async Task The_fallback_sees_the_request()
    {
        await using EngineClient client = await ServeAsync(async context =>
        {
            HttpRequest request = context.Request;
            using var reader = new StreamReader(request.Body);
            string body = await reader.ReadToEndAsync();
            await context.Response.WriteAsync(
                $"{request.Method} {request.Scheme} {request.Host} {request.Path.Value} {request.QueryString} {request.Headers["x-a"]} {request.Headers.Cookie} {body}");
        });
        byte[] head = Frames.Request(
            (":method", "POST"), (":scheme", "http"), (":path", "/a%20b/%2F?q=1"), (":authority", "db:1"), ("x-a", "1"), ("x-a", "2"),
            ("cookie", "a=b"), ("cookie", "c=d"));
        await client.SendAsync(Frames.Headers(1, head), Frames.Data(1, "he"u8), Frames.Data(1, "llo"u8, isEnd: true));

        Frame data = await client.ReceiveAsync(FrameType.Data);

        Assert.That(data.Text, Is.EqualTo("POST http db:1 /a b/%2F ?q=1 1,2 a=b; c=d hello"));
        Assert.That((await client.ReceiveEndAsync(1)).IsEndOfStream);
    }

    [Test]
    public async Task Status_headers_and_trailers_arrive()
    {
        await using EngineClient client = await ServeAsync(async context =>
        {
            context.Response.StatusCode = 418;
            context.Response.Headers["x-pot"] = "short";
            context.Response.Headers.Connection = "close";
            context.Response.OnStarting(() =>
            {
                context.Response.Headers["x-late"] = "yes";
                return Task.CompletedTask;
            });
            await context.Response.Body.WriteAsync(Encoding.ASCII.GetBytes("stout"));
            context.Features.Get<IHttpResponseTrailersFeature>()!.Trailers["x-end"] = "drained";
        });
        await GetAsync(client, "GET");

        Frame headers = await client.ReceiveAsync(FrameType.Headers);
        Frame data = await client.ReceiveAsync(FrameType.Data);
        Frame trailers = await client.ReceiveAsync(FrameType.Headers);

        Assert.That(headers.Text, Does.Contain("418").And.Contain("x-pot").And.Contain("x-late").And.Not.Contain("close"));
        Assert.That(data.Text, Is.EqualTo("stout"));
        Assert.That(trailers.Text, Does.Contain("drained"));
        Assert.That(trailers.IsEndOfStream);
    }

    [Test]
    public async Task An_answer_without_a_body_is_one_frame()
    {
        await using EngineClient client = await ServeAsync(context =>
        {
            context.Response.StatusCode = 204;
            return Task.CompletedTask;
        });
        await GetAsync(client, "GET");

        Assert.That((await client.ReceiveAsync(FrameType.Headers)).IsEndOfStream);
    }

    [Test]
    public async Task HEAD_is_answered_without_the_body()
    {
        await using EngineClient client = await ServeAsync(context => context.Response.WriteAsync("not to be sent"));
        await GetAsync(client, "HEAD");

        Frame end = await client.ReceiveEndAsync(1);

        Assert.That(end.Payload.Length == 0 || end.Type == FrameType.Headers, $"{end.Type} {end.Text}");
    }

    [TestCase(null)]
    [TestCase("6")]
    public async Task A_body_over_the_limit_is_refused(string? announced)
    {
        await using EngineClient client = await ServeAsync(
            async context => await context.Request.Body.CopyToAsync(Stream.Null), maxBodyBytes: 5);
        (string, string)[] length = announced is null ? [] : [("content-length", announced)];
        await client.SendAsync(
            Frames.Headers(1, Frames.Request([(":method", "POST"), (":scheme", "http"), (":path", "/"), .. length])),
            Frames.Data(1, "123456"u8, isEnd: true));

        Assert.That((await client.ReceiveEndAsync(1)).Text, Does.Contain("413"));
        await client.AssertAliveAsync();
    }

    [Test]
    public async Task A_fallback_that_throws_is_500()
    {
        await using EngineClient client = await ServeAsync(_ => throw new InvalidOperationException("a bug"));
        await GetAsync(client, "GET");

        Frame end = await client.ReceiveEndAsync(1);

        Assert.That(end.Payload[0], Is.EqualTo(0x8e), "the static table's 500");
    }

    [Test]
    public async Task A_fallback_that_throws_after_it_began_resets_the_stream()
    {
        await using EngineClient client = await ServeAsync(async context =>
        {
            await context.Response.WriteAsync("half");
            await context.Response.Body.FlushAsync();
            throw new InvalidOperationException("a bug");
        });
        await GetAsync(client, "GET");

        Assert.That((await client.ReceiveEndAsync(1)).Type, Is.EqualTo(FrameType.RstStream));
        await client.AssertAliveAsync();
    }

    [Test]
    public async Task A_client_that_leaves_cancels_the_request()
    {
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var canceled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using EngineClient client = await ServeAsync(async context =>
        {
            using CancellationTokenRegistration registration = context.RequestAborted.Register(() => canceled.TrySetResult());
            begun.TrySetResult();
            await canceled.Task;
        });
        await GetAsync(client, "GET");
        await begun.Task;

        await client.SendAsync(Frames.Reset(1));

        await canceled.Task.WaitAsync(TimeSpan.FromSeconds(20));
        await client.AssertAliveAsync();
    }

    [Test]
    public async Task Without_a_fallback_it_is_415()
    {
        await using EngineClient client = await ServeAsync(null);
        await GetAsync(client, "GET");

        Assert.That((await client.ReceiveEndAsync(1)).Text, Does.Contain("415"));
    }

    [Test]
    public async Task GRPC_by_another_method_than_POST_is_405()
    {
        await using EngineClient client = await EngineClient.StartAsync();
        await client.SendAsync(Frames.Headers(
            1, Frames.Request((":method", "GET"), (":scheme", "http"), (":path", "/"), ("content-type", "application/grpc")), isEnd: true));

        Assert.That((await client.ReceiveEndAsync(1)).Text, Does.Contain("405"));
    }

    private static Task GetAsync(EngineClient client, string method) => client.SendAsync(
        Frames.Headers(1, Frames.Request((":method", method), (":scheme", "http"), (":path", "/")), isEnd: true));

    private static Task<EngineClient> ServeAsync(RequestDelegate? fallback, long maxBodyBytes = 1000) =>
        EngineClient.StartAsync(options => new RpcServerOptions
        {
            Endpoints = options.Endpoints,
            Services = options.Services,
            Fallback = fallback,
            MaxFallbackBodyBytes = maxBodyBytes,
        });
}

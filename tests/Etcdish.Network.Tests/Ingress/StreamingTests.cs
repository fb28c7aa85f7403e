using System.Net;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Etcdish.Network.Tests.Ingress;

public sealed class StreamingTests
{
    [Test]
    public async Task AnAnswerComesAsItIsWritten([Values("1.1", "2.0")] string version)
    {
        var more = new SemaphoreSlim(0);
        await using var bench = await IngressBench.ServeAsync(async context =>
        {
            await context.Response.Body.FlushAsync();
            for (var i = 0; i < 3; i++)
            {
                await more.WaitAsync();
                await context.Response.WriteAsync($"part{i}");
            }
        });
        using var client = bench.Connect(Version.Parse(version));
        var scheme = version == "2.0" ? "https" : "http";
        using var response = await client.GetAsync($"{scheme}://web.example/", HttpCompletionOption.ResponseHeadersRead);
        await using var body = await response.Content.ReadAsStreamAsync();
        var buffer = new byte[5];
        for (var i = 0; i < 3; i++)
        {
            more.Release();
            await body.ReadExactlyAsync(buffer);
            Assert.That(Encoding.ASCII.GetString(buffer), Is.EqualTo($"part{i}"));
        }

        Assert.That(await body.ReadAsync(buffer), Is.Zero);
    }

    [Test]
    public async Task ABodyArrivesAsItIsWritten()
    {
        var parts = System.Threading.Channels.Channel.CreateUnbounded<string>();
        await using var bench = await IngressBench.ServeAsync(async context =>
        {
            var buffer = new byte[5];
            while (await context.Request.Body.ReadAtLeastAsync(buffer, 5, throwOnEndOfStream: false) == 5)
            {
                parts.Writer.TryWrite(Encoding.ASCII.GetString(buffer));
            }

            await context.Response.WriteAsync("all");
        });
        using var client = bench.Connect();
        using var content = new WrittenContent(async stream =>
        {
            for (var i = 0; i < 3; i++)
            {
                await stream.WriteAsync(Encoding.ASCII.GetBytes($"part{i}"));
                await stream.FlushAsync();
                Assert.That(await parts.Reader.ReadAsync(), Is.EqualTo($"part{i}"));
            }
        });
        using var response = await client.PostAsync("http://web.example/", content);
        Assert.That(await response.Content.ReadAsStringAsync(), Is.EqualTo("all"));
    }

    [Test]
    public async Task GrpcGoesBothWaysAtOnceAndHasTrailers([Values("kubernetes.io/h2c", "grpc", "grpcs")] string appProtocol)
    {
        await using var bench = await IngressBench.ServeAsync(
            async context =>
            {
                context.Response.ContentType = "application/grpc";
                context.Response.Headers["X-Protocol"] = context.Request.Protocol + context.Request.Headers.TE;
                await context.Response.Body.FlushAsync();
                await context.Request.Body.CopyToAsync(context.Response.Body);
                context.Response.AppendTrailer("grpc-status", "0");
            },
            protocols: HttpProtocols.Http2,
            appProtocol: appProtocol,
            certificate: appProtocol == "grpcs" ? TestCertificate.Make("nobody.asks") : null);
        using var client = bench.Connect(HttpVersion.Version20);
        var words = System.Threading.Channels.Channel.CreateUnbounded<string>();
        using var request = new HttpRequestMessage(HttpMethod.Post, "https://web.example/a.Service/Call")
        {
            Version = HttpVersion.Version20,
            Content = new WrittenContent(async stream =>
            {
                await foreach (var word in words.Reader.ReadAllAsync())
                {
                    await stream.WriteAsync(Encoding.ASCII.GetBytes(word));
                    await stream.FlushAsync();
                }
            }),
        };
        request.Headers.Add("TE", "trailers");
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.That(response.Headers.GetValues("X-Protocol"), Is.EqualTo(["HTTP/2trailers"]));
        await using var body = await response.Content.ReadAsStreamAsync();
        var buffer = new byte[4];
        foreach (var word in (string[])["ping", "pong", "last"])
        {
            words.Writer.TryWrite(word);
            await body.ReadExactlyAsync(buffer);
            Assert.That(Encoding.ASCII.GetString(buffer), Is.EqualTo(word));
        }

        words.Writer.Complete();
        Assert.That(await body.ReadAsync(buffer), Is.Zero);
        Assert.That(response.TrailingHeaders.GetValues("grpc-status"), Is.EqualTo(["0"]));
    }

    [Test]
    public async Task AWebSocketPasses([Values("1.1", "2.0")] string version, [Values] bool isTls, [Values] bool isTlsBehind)
    {
        Assume.That(isTls || version == "1.1", "HTTP/2 is spoken over TLS");
        await using var bench = await IngressBench.ServeAsync(
            EchoSocketAsync,
            appProtocol: isTlsBehind ? "kubernetes.io/wss" : "kubernetes.io/ws",
            certificate: isTlsBehind ? TestCertificate.Make("nobody.asks") : null);
        using var invoker = new HttpMessageInvoker(bench.Handler());
        using var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol("words");
        socket.Options.HttpVersion = Version.Parse(version);
        socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var scheme = isTls ? "wss" : "ws";
        await socket.ConnectAsync(new Uri($"{scheme}://web.example/chat"), invoker, patience.Token);
        Assert.That(socket.SubProtocol, Is.EqualTo("words"));

        var buffer = new byte[100_000];
        var sent = Enumerable.Range(0, 70_000).Select(i => (byte)i).ToArray();
        await socket.SendAsync(sent, WebSocketMessageType.Binary, true, patience.Token);
        var count = 0;
        ValueWebSocketReceiveResult got;
        do
        {
            got = await socket.ReceiveAsync(buffer.AsMemory(count), patience.Token);
            count += got.Count;
        }
        while (!got.EndOfMessage);
        Assert.That(buffer.AsSpan(0, count).SequenceEqual(sent));
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "bye", patience.Token);
        Assert.That(socket.CloseStatusDescription, Is.EqualTo("bye"));
    }

    /// <summary>An endpoint that takes the handshake by hand: the server here has no web socket middleware.</summary>
    private static async Task EchoSocketAsync(HttpContext context)
    {
        var key = context.Request.Headers.SecWebSocketKey + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
#pragma warning disable CA5350 // RFC 6455 §1.3 says so.
        context.Response.Headers.SecWebSocketAccept = Convert.ToBase64String(
            System.Security.Cryptography.SHA1.HashData(Encoding.ASCII.GetBytes(key)));
#pragma warning restore CA5350
        context.Response.Headers.Upgrade = "websocket";
        context.Response.Headers.SecWebSocketProtocol = context.Request.Headers.SecWebSocketProtocol;
        var upgrade = context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpUpgradeFeature>()!;
        await using var stream = await upgrade.UpgradeAsync();
        using var socket = WebSocket.CreateFromStream(stream, new WebSocketCreationOptions { IsServer = true, SubProtocol = "words" });
        var buffer = new byte[8192];
        while (true)
        {
            var got = await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
            if (got.MessageType == WebSocketMessageType.Close)
            {
                await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, socket.CloseStatusDescription, CancellationToken.None);
                return;
            }

            await socket.SendAsync(buffer.AsMemory(0, got.Count), got.MessageType, got.EndOfMessage, CancellationToken.None);
        }
    }

    private sealed class WrittenContent(Func<Stream, Task> write) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.FlushAsync();
            await write(stream);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}

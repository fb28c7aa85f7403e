using System.Text;
using Etcdish.Rpc.Tests.Protos;

namespace Etcdish.Rpc.Tests;

/// <summary>Connections that break HTTP/2. Each is closed with the right error, and the server answers the next one.</summary>
public class HostileConnectionTests
{
    private const int ProtocolError = 1;
    private const int FrameSizeError = 6;
    private const int CompressionError = 9;

    private EchoServer _server = null!;

    [SetUp]
    public async Task Start() => _server = await EchoServer.StartAsync(
        options => new RpcServerOptions
        {
            Endpoints = options.Endpoints,
            Services = options.Services,
            Fallback = options.Fallback,
            HandshakeTimeout = TimeSpan.FromMilliseconds(500),
        });

    [TearDown]
    public async Task Stop()
    {
        using var channel = new RpcChannel(new Uri(_server.Url));
        EchoResponse response = await channel.UnaryAsync(
            "/etcdish.rpc.tests.Echo/Unary", new EchoRequest { Count = 5 }, EchoResponse.Parser);
        await _server.DisposeAsync();
        Assert.That(response.Count, Is.EqualTo(5), "The server should still answer.");
    }

    [TestCase("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n.................", TestName = "A preface that goes wrong")]
    [TestCase("PRI", TestName = "A preface that stops")]
    [TestCase("P", TestName = "One byte")]
    [TestCase("", TestName = "Silence")]
    [TestCase("\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003", TestName = "A TLS hello on a plain port")]
    [TestCase("GET / HTTP/1.1\r\nbroken\r\n\r\n", TestName = "A broken HTTP/1 request")]
    public async Task A_connection_that_starts_wrong_is_closed(string start)
    {
        using RawHttp2Client client = await RawHttp2Client.ConnectSilentlyAsync(_server.Port);
        await client.SendBytesAsync(Encoding.Latin1.GetBytes(start));

        await client.ReceiveUntilClosedAsync();
    }

    [Test]
    public async Task A_frame_over_the_size_ends_the_connection() =>
        await AssertGoAwayAsync(FrameSizeError, client => client.SendAsync(FrameType.Data, 0, 1, new byte[20_000]));

    [Test]
    public async Task Data_on_stream_zero_ends_the_connection() =>
        await AssertGoAwayAsync(ProtocolError, client => client.SendDataAsync(0, [1], end: false));

    [Test]
    public async Task An_even_stream_ends_the_connection() =>
        await AssertGoAwayAsync(ProtocolError, client => client.OpenAsync(2, "Raw"));

    [Test]
    public async Task A_lone_CONTINUATION_ends_the_connection() =>
        await AssertGoAwayAsync(ProtocolError, client => client.SendAsync(FrameType.Continuation, 4, 1, [0]));

    [Test]
    public async Task A_window_update_of_zero_ends_the_connection() =>
        await AssertGoAwayAsync(ProtocolError, client => client.SendAsync(FrameType.WindowUpdate, 0, 0, [0, 0, 0, 0]));

    [Test]
    public async Task Bad_HPACK_ends_the_connection() =>
        await AssertGoAwayAsync(
            CompressionError, client => client.SendAsync(FrameType.Headers, Frame.EndHeaders, 1, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff]));

    [Test]
    public async Task A_CONTINUATION_flood_is_cut_off()
    {
        using RawHttp2Client client = await RawHttp2Client.ConnectAsync(_server.Port);
        Task<Frame?> closed = client.ReceiveUntilClosedAsync();
        await client.SendAsync(FrameType.Headers, 0, 1, RawHttp2Client.RequestHeaders("Raw"));
        byte[] more = RawHttp2Client.HeaderBlock(("x-filler", new string('x', 8000)));
        try
        {
            while (!closed.IsCompleted)
            {
                await client.SendAsync(FrameType.Continuation, 0, 1, more);
            }
        }
        catch (IOException)
        {
            // The server closed while we still wrote: what the test is after.
        }

        await closed;
    }

    [Test]
    public async Task A_rapid_reset_does_not_stop_the_server()
    {
        using RawHttp2Client client = await RawHttp2Client.ConnectAsync(_server.Port);
        Task<Frame?> closed = client.ReceiveUntilClosedAsync();
        int sent = 0;
        try
        {
            for (; sent < 20_000 && !closed.IsCompleted; sent++)
            {
                await client.OpenAsync((2 * sent) + 1, "Duplex");
                await client.ResetAsync((2 * sent) + 1);
            }
        }
        catch (IOException)
        {
            // The server closed while we still wrote, which it may.
        }

        Assert.That(sent, Is.GreaterThan(100));
    }

    [Test]
    public async Task Headers_over_the_limit_are_refused()
    {
        using RawHttp2Client client = await RawHttp2Client.ConnectAsync(_server.Port);
        byte[] block = RawHttp2Client.RequestHeaders("Raw", [.. Enumerable.Range(0, 5).Select(i => ($"x-{i}", new string('x', 8000)))]);
        await client.SendAsync(FrameType.Headers, 0, 1, block.AsSpan(0, 16_000));
        await client.SendAsync(FrameType.Continuation, 0, 1, block.AsSpan(16_000, 16_000));
        await client.SendAsync(FrameType.Continuation, Frame.EndHeaders, 1, block.AsSpan(32_000));

        Frame refusal = await client.ReceiveAsync(frame => frame.Type is FrameType.GoAway or FrameType.RstStream or FrameType.Headers);

        // The answer is 431, which is no success for any gRPC client.
        Assert.That(refusal.Type != FrameType.Headers || refusal.Text.Contains("431", StringComparison.Ordinal), refusal.Text);
    }

    [Test]
    public async Task Random_frames_do_not_hurt([Range(1, 20)] int seed)
    {
        var random = new Random(seed);
        using RawHttp2Client client = await RawHttp2Client.ConnectAsync(_server.Port);
        Task<Frame?> closed = client.ReceiveUntilClosedAsync();
        try
        {
            for (int i = 0; i < 200 && !closed.IsCompleted; i++)
            {
                byte[] payload = new byte[random.Next(64)];
                random.NextBytes(payload);
                await client.SendAsync((FrameType)random.Next(11), (byte)random.Next(256), random.Next(8), payload);
            }
        }
        catch (IOException)
        {
            // The server closed the connection, which most seeds deserve.
        }
    }

    private async Task AssertGoAwayAsync(int errorCode, Func<RawHttp2Client, Task> misbehave)
    {
        using RawHttp2Client client = await RawHttp2Client.ConnectAsync(_server.Port);
        await misbehave(client);

        Frame? goAway = await client.ReceiveUntilClosedAsync();

        Assert.That(goAway?.ErrorCode, Is.EqualTo(errorCode));
    }
}

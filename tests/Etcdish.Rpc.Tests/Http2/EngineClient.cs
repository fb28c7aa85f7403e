using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using Etcdish.Rpc.Http2;

namespace Etcdish.Rpc.Tests.Http2;

/// <summary>
/// A client of the engine without a server around it: sends the bytes a test wants and reads the frames that come back. The time is the
/// test's, and the clock beats when it says so.
/// </summary>
internal sealed class EngineClient : IAsyncDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(20);

    private readonly CancellationTokenSource _stopping = new();

    private EngineClient(RpcServerOptions options, EchoHandlers handlers, long clientBufferBytes)
    {
        Handlers = handlers;
        Transport = new MemoryTransport(clientBufferBytes);
        var application = new RpcApplication(options.Services.Build(), options, _stopping.Token);
        var service = new Http2Service(application, new FallbackApplication(options), options, Time);
        Served = ServeAsync(service);
    }

    public EchoHandlers Handlers { get; }

    public ManualTime Time { get; } = new();

    public MemoryTransport Transport { get; }

    /// <summary>Completes when the engine is through with the connection and no call of it runs any more.</summary>
    public Task Served { get; }

    /// <summary>Starts a connection; sends preface and settings unless the test wants to begin otherwise.</summary>
    public static async Task<EngineClient> StartAsync(
        Func<RpcServerOptions, RpcServerOptions>? change = null,
        bool isSilent = false,
        int initialWindow = 65_535,
        long clientBufferBytes = 64 * 1024)
    {
        var handlers = new EchoHandlers();
        RpcServerOptions options = EchoServer.Options(new RpcEndpoint(new IPEndPoint(IPAddress.Loopback, 0)), handlers);
        var client = new EngineClient(change?.Invoke(options) ?? options, handlers, clientBufferBytes);
        if (!isSilent)
        {
            await client.SendAsync(Frames.Preface, Frames.Settings((4, (uint)initialWindow)));
        }

        return client;
    }

    public async Task SendAsync(params byte[][] parts)
    {
        foreach (byte[] part in parts)
        {
            Transport.Sent.Write(part);
        }

        await Transport.Sent.FlushAsync();
    }

    /// <summary>Sends a whole unary call in one packet.</summary>
    public Task CallAsync(int streamId, string method, byte[] message) =>
        SendAsync(Frames.Headers(streamId, RawHttp2Client.RequestHeaders(method)), Frames.Body(streamId, RawHttp2Client.Message(message)));

    /// <summary>The next frame; null when the server has ended the connection.</summary>
    public async Task<Frame?> ReceiveAsync()
    {
        using var patience = new CancellationTokenSource(_patience);
        while (true)
        {
            ReadResult read = await Transport.Received.ReadAsync(patience.Token);
            if (Frames.TryRead(read.Buffer, out Frame? frame, out SequencePosition end))
            {
                Transport.Received.AdvanceTo(end);
                return frame;
            }

            Transport.Received.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            if (read.IsCompleted)
            {
                return null;
            }
        }
    }

    /// <summary>The next frame that satisfies a condition.</summary>
    public async Task<Frame> ReceiveAsync(Func<Frame, bool> condition)
    {
        while (await ReceiveAsync() is { } frame)
        {
            if (condition(frame))
            {
                return frame;
            }
        }

        throw new AssertionException("The connection ended before the frame came.");
    }

    public Task<Frame> ReceiveAsync(FrameType type) => ReceiveAsync(frame => frame.Type == type);

    /// <summary>What ends a stream: its last frame, or a reset.</summary>
    public Task<Frame> ReceiveEndAsync(int streamId) =>
        ReceiveAsync(frame => frame.StreamId == streamId && (frame.IsEndOfStream || frame.Type == FrameType.RstStream));

    /// <summary>Checks that the server ends the connection with this code.</summary>
    public async Task AssertGoAwayAsync(int code)
    {
        Frame goAway = await ReceiveAsync(FrameType.GoAway);
        Assert.That(goAway.ErrorCode, Is.EqualTo(code), goAway.Text[8..]);
        await Served.WaitAsync(_patience);
    }

    /// <summary>Checks that a call on the connection is still answered.</summary>
    public async Task AssertAliveAsync(int streamId = 1001)
    {
        await CallAsync(streamId, "Raw", [1, 2, 3]);
        Frame data = await ReceiveAsync(frame => frame.StreamId == streamId && frame.Type == FrameType.Data);
        Assert.That(data.Payload[^3..], Is.EqualTo(new byte[] { 1, 2, 3 }));
    }

    /// <summary>Waits until the engine has seen all that was sent: it answers a ping after what came before it.</summary>
    public async Task SyncAsync()
    {
        await SendAsync(Frames.Ping("sync\0\0\0\0"u8));
        await ReceiveAsync(frame => frame.Type == FrameType.Ping && frame.Text.StartsWith("sync", StringComparison.Ordinal));
    }

    /// <summary>The client leaves; completes when the engine is through.</summary>
    public async ValueTask DisposeAsync()
    {
        await Transport.Sent.CompleteAsync();
        await Transport.Received.CompleteAsync();
        Handlers.Release();
        await _stopping.CancelAsync();
        await Served.WaitAsync(_patience);
        _stopping.Dispose();
    }

    // The server around the engine ends the transport when the engine is through.
    private async Task ServeAsync(Http2Service service)
    {
        await service.OnConnectionAsync(Transport);
        await Transport.Transport.Input.CompleteAsync();
        await Transport.Transport.Output.CompleteAsync();
    }
}

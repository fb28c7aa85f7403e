using System.Buffers;

namespace Etcdish.Rpc.Tests.Http2;

/// <summary>
/// Every rule of RFC 9113 that a client can break, with the code and the scope (connection or stream) that the RFC gives it.
/// </summary>
public class ProtocolErrorTests
{
    private const int ProtocolError = 1;
    private const int FlowControlError = 3;
    private const int StreamClosed = 5;
    private const int FrameSizeError = 6;
    private const int CompressionError = 9;

    private static readonly byte[] _open = Frames.Headers(1, RawHttp2Client.RequestHeaders("RawDuplex"));

    /// <summary>Frames after the settings that end the connection.</summary>
    private static IEnumerable<TestCaseData> ConnectionErrors()
    {
        yield return Case("DATA on stream 0", ProtocolError, Frames.Data(0, [1]));
        yield return Case("DATA on an idle stream", ProtocolError, Frames.Data(5, [1]));
        yield return Case("DATA on the server's idle stream", ProtocolError, Frames.Data(2, [1]));
        yield return Case("DATA of nothing but too much padding", ProtocolError, _open, Frames.Make(0, Frames.Padded, 1, [4, 0, 0, 0]));
        yield return Case("DATA padded without a length", FrameSizeError, _open, Frames.Make(0, Frames.Padded, 1, []));
        yield return Case("DATA after an answered request", StreamClosed, Whole(1), Frames.Data(1, [1]));
        yield return Case("a frame over the size", FrameSizeError, Frames.Make(0, 0, 1, [], claimedLength: 16_385));
        yield return Case("HEADERS on stream 0", ProtocolError, Frames.Headers(0, []));
        yield return Case("HEADERS on an even stream", ProtocolError, Frames.Headers(2, RawHttp2Client.RequestHeaders("Raw")));
        yield return Case("HEADERS on an answered stream", StreamClosed, Whole(1), Whole(1));
        yield return Case("HEADERS on a stream that was skipped", StreamClosed, Whole(5), Whole(3));
        yield return Case("HEADERS with too much padding", ProtocolError, Frames.Make(1, Frames.EndHeaders | Frames.Padded, 1, [9, 0x82]));
        yield return Case("HEADERS too short for priority", FrameSizeError, Frames.Make(1, Frames.EndHeaders | Frames.Priority, 1, [0, 0, 0]));
        yield return Case("HEADERS interrupted by PING", ProtocolError, Frames.Make(1, 0, 1, [0x82]), Frames.Ping(new byte[8]));
        yield return Case("HEADERS interrupted by an unknown frame", ProtocolError, Frames.Make(1, 0, 1, [0x82]), Frames.Make(77, 0, 1, []));
        yield return Case("CONTINUATION of another stream", ProtocolError, Frames.Make(1, 0, 1, [0x82]), Frames.Make(9, 4, 3, [0x84]));
        yield return Case("CONTINUATION of nothing", ProtocolError, Frames.Make(9, 4, 1, [0x82]));
        yield return Case("an unknown index of HPACK", CompressionError, Frames.Headers(1, [0xff, 0xff, 0x7f]));
        yield return Case("bad HPACK in trailers", CompressionError, _open, Frames.Headers(1, [0xff, 0xff, 0x7f], isEnd: true));
        yield return Case("bad HPACK of a refused stream", CompressionError, Frames.Headers(1, [0x82, 0xbe], isEnd: true));
        yield return Case("PRIORITY on stream 0", ProtocolError, Frames.Make(2, 0, 0, new byte[5]));
        yield return Case("PRIORITY of a wrong length", FrameSizeError, Frames.Make(2, 0, 1, new byte[4]));
        yield return Case("RST_STREAM on stream 0", ProtocolError, Frames.Reset(0));
        yield return Case("RST_STREAM on an idle stream", ProtocolError, Frames.Reset(7));
        yield return Case("RST_STREAM of a wrong length", FrameSizeError, _open, Frames.Make(3, 0, 1, new byte[5]));
        yield return Case("SETTINGS on a stream", ProtocolError, Frames.Make(4, 0, 1, []));
        yield return Case("SETTINGS of a wrong length", FrameSizeError, Frames.Make(4, 0, 0, new byte[5]));
        yield return Case("SETTINGS acknowledged with a payload", FrameSizeError, Frames.Make(4, Frames.Ack, 0, new byte[6]));
        yield return Case("SETTINGS with push of two", ProtocolError, Frames.Settings((2, 2)));
        yield return Case("SETTINGS with a window over the limit", FlowControlError, Frames.Settings((4, 0x8000_0000)));
        yield return Case("SETTINGS with frames too small", ProtocolError, Frames.Settings((5, 16_383)));
        yield return Case("SETTINGS with frames too large", ProtocolError, Frames.Settings((5, 1 << 24)));
        yield return Case("PUSH_PROMISE", ProtocolError, Frames.Make(5, 4, 1, new byte[4]));
        yield return Case("PING on a stream", ProtocolError, Frames.Make(6, 0, 1, new byte[8]));
        yield return Case("PING of a wrong length", FrameSizeError, Frames.Make(6, 0, 0, new byte[7]));
        yield return Case("GOAWAY on a stream", ProtocolError, Frames.Make(7, 0, 1, new byte[8]));
        yield return Case("GOAWAY too short", FrameSizeError, Frames.Make(7, 0, 0, new byte[7]));
        yield return Case("WINDOW_UPDATE of zero", ProtocolError, Frames.WindowUpdate(0, 0));
        yield return Case("WINDOW_UPDATE of a wrong length", FrameSizeError, Frames.Make(8, 0, 0, new byte[3]));
        yield return Case("WINDOW_UPDATE on an idle stream", ProtocolError, Frames.WindowUpdate(9, 1));
        yield return Case("WINDOW_UPDATE over the limit", FlowControlError, Frames.WindowUpdate(0, int.MaxValue));
        yield return Case(
            "SETTINGS that make a window too large", FlowControlError, _open, Frames.WindowUpdate(1, int.MaxValue - 65_535), Frames.Settings((4, 70_000)));
    }

    /// <summary>Frames after the settings that cost stream 1 and leave the connection be.</summary>
    private static IEnumerable<TestCaseData> StreamErrors()
    {
        yield return Case("DATA after the request's end", StreamClosed, Held(1), Frames.Data(1, [1]));
        yield return Case("HEADERS after the request's end", StreamClosed, Held(1), Frames.Headers(1, [], isEnd: true));
        yield return Case("trailers that do not end", ProtocolError, _open, Frames.Headers(1, Frames.Request(("x", "y"))));
        yield return Case("trailers with a pseudo header", ProtocolError, _open, Frames.Headers(1, Frames.Request((":path", "/")), isEnd: true));
        yield return Case("WINDOW_UPDATE of zero", ProtocolError, _open, Frames.WindowUpdate(1, 0));
        yield return Case("WINDOW_UPDATE over the limit", FlowControlError, _open, Frames.WindowUpdate(1, int.MaxValue));
        yield return Case("a stream that depends on itself", ProtocolError, Frames.Make(
            1, Frames.EndHeaders | Frames.Priority, 1, [.. Frames.Number(1), 16, .. RawHttp2Client.RequestHeaders("Raw")]));
        yield return Case("more than the announced length", ProtocolError, Request(("content-length", "3")), Frames.Data(1, [0, 0, 0, 0]));
        yield return Case(
            "less than the announced length", ProtocolError, Request(("content-length", "9")), Frames.Data(1, [0, 0, 0, 0], isEnd: true));
        yield return Case(
            "nothing of the announced length", ProtocolError, Request(("content-length", "9")), Frames.Headers(1, [], isEnd: true));
        yield return Case("a length that is no number", ProtocolError, Request(("content-length", "-1")));
        yield return Case("two different lengths", ProtocolError, Request(("content-length", "5"), ("content-length", "6")));
        yield return Case("a name in upper case", ProtocolError, Request(("X-Upper", "v")));
        yield return Case("an empty name", ProtocolError, Request(("", "v")));
        yield return Case("a name with a space", ProtocolError, Request(("x y", "v")));
        yield return Case("a value with a line feed", ProtocolError, Request(("x", "a\nb")));
        yield return Case("a connection header", ProtocolError, Request(("connection", "close")));
        yield return Case("a transfer encoding", ProtocolError, Request(("transfer-encoding", "chunked")));
        yield return Case("an upgrade", ProtocolError, Request(("upgrade", "h2c")));
        yield return Case("a keep-alive", ProtocolError, Request(("keep-alive", "1")));
        yield return Case("a TE but trailers", ProtocolError, Request(("te", "gzip")));
        yield return Case("a pseudo header after others", ProtocolError, Request((":authority", "x")));
        yield return Case("an unknown pseudo header", ProtocolError, Pseudo(("POST", "http", "/x"), (":other", "x")));
        yield return Case("a pseudo header of responses", ProtocolError, Pseudo(("POST", "http", "/x"), (":status", "200")));
        yield return Case("two paths", ProtocolError, Pseudo(("POST", "http", "/x"), (":path", "/y")));
        yield return Case("two authorities", ProtocolError, Pseudo(("POST", "http", "/x"), (":authority", "y"), (":authority", "y")));
        yield return Case("no method", ProtocolError, Pseudo((null, "http", "/x")));
        yield return Case("no scheme", ProtocolError, Pseudo(("POST", null, "/x")));
        yield return Case("no path", ProtocolError, Pseudo(("POST", "http", null)));
        yield return Case("an empty path", ProtocolError, Pseudo(("POST", "http", "")));
        yield return Case("a path without its slash", ProtocolError, Pseudo(("GET", "http", "x")));
    }

    /// <summary>Frames that are odd but lawful: stream 1 is answered.</summary>
    private static IEnumerable<TestCaseData> Oddities()
    {
        yield return Case("unknown frames", 0, Frames.Make(77, 255, 0, [1]), Frames.Make(78, 255, 3, [1]), Whole(1));
        yield return Case("unknown settings", 0, Frames.Settings((99, 1), (0, 0)), Whole(1));
        yield return Case("PRIORITY on an idle stream", 0, Frames.Make(2, 0, 11, new byte[5]), Whole(1));
        yield return Case("the reserved bit of the stream's number", 0, Frames.Headers(1 | int.MinValue, RawHttp2Client.RequestHeaders("Raw")), Body(1));
        yield return Case("HEADERS with priority and padding", 0, Padded(), Body(1));
        yield return Case("HEADERS in three frames", 0, Split(), Body(1));
        yield return Case("DATA with padding", 0, Opened(1), Frames.Make(0, Frames.Padded | Frames.EndStream, 1, [3, 0, 0, 0, 0, 1, 42, 0, 0, 0]));
        yield return Case("DATA without data", 0, Opened(1), Frames.Data(1, []), Body(1));
        yield return Case("the end in a frame of its own", 0, Opened(1), Frames.Data(1, [0, 0, 0, 0, 1, 42]), Frames.Data(1, [], isEnd: true));
        yield return Case("trailers", 0, Opened(1), Frames.Data(1, [0, 0, 0, 0, 1, 42]), Frames.Headers(1, Frames.Request(("x", "y")), isEnd: true));
    }

    [TestCaseSource(nameof(ConnectionErrors))]
    public async Task It_ends_the_connection(int code, byte[][] frames)
    {
        await using EngineClient client = await EngineClient.StartAsync();
        foreach (byte[] frame in frames[..^1])
        {
            // The last frame comes when the engine is through with those before and has answered them.
            await client.SendAsync(frame);
            if (frame.AsSpan().EndsWith(Body(1)))
            {
                await client.ReceiveEndAsync(1);
                await client.SyncAsync();
            }
        }

        await client.SendAsync(frames[^1]);
        await client.AssertGoAwayAsync(code);
    }

    [TestCaseSource(nameof(StreamErrors))]
    public async Task It_costs_the_stream(int code, byte[][] frames)
    {
        await using EngineClient client = await EngineClient.StartAsync();
        await client.SendAsync(frames);

        Frame reset = await client.ReceiveAsync(frame => frame.Type is FrameType.RstStream or FrameType.GoAway);

        Assert.That((reset.Type, reset.StreamId, reset.ErrorCode), Is.EqualTo((FrameType.RstStream, 1, code)), reset.Text);
        client.Handlers.Release();
        await client.AssertAliveAsync();
    }

    [TestCaseSource(nameof(Oddities))]
    public async Task It_is_served(int code, byte[][] frames)
    {
        await using EngineClient client = await EngineClient.StartAsync();
        await client.SendAsync(frames);

        Frame data = await client.ReceiveAsync(frame => frame.StreamId == 1 && frame.Type == FrameType.Data);

        Assert.That(data.Payload, Is.EqualTo(new byte[] { 0, 0, 0, 0, 1, 42 }));
        Assert.That((await client.ReceiveEndAsync(1)).Type, Is.EqualTo(FrameType.Headers), $"{code}");
        await client.AssertAliveAsync();
    }

    [Test]
    public async Task The_first_frame_must_be_SETTINGS()
    {
        await using EngineClient client = await EngineClient.StartAsync(isSilent: true);
        await client.SendAsync(Frames.Preface, Frames.Ping(new byte[8]));

        await client.AssertGoAwayAsync(ProtocolError);
    }

    [Test]
    public async Task The_preface_must_be_right()
    {
        await using EngineClient client = await EngineClient.StartAsync(isSilent: true);
        await client.SendAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\rX"u8.ToArray());

        await client.AssertGoAwayAsync(ProtocolError);
    }

    [Test]
    public async Task Late_frames_of_a_finished_stream_are_no_error()
    {
        await using EngineClient client = await EngineClient.StartAsync();
        await client.SendAsync(Whole(1));
        await client.ReceiveEndAsync(1);

        await client.SendAsync(Frames.WindowUpdate(1, 1), Frames.Reset(1), Frames.Make(2, 0, 1, new byte[5]));

        await client.AssertAliveAsync();
    }

    [Test]
    public async Task Frames_that_end_where_a_segment_of_the_transport_ends_are_all_handled()
    {
        await using EngineClient client = await EngineClient.StartAsync();
        await client.SyncAsync();

        // The pipe cuts its memory into pages of 4 KiB: a frame fills the first to its end, and the answer hangs on the second.
        client.Transport.Sent.Write(Frames.Make(99, 0, 0, new byte[4096 - 9]));
        client.Transport.Sent.Write(Whole(1));
        await client.Transport.Sent.FlushAsync();

        Assert.That((await client.ReceiveEndAsync(1)).Type, Is.EqualTo(FrameType.Headers));
    }

    [Test]
    public async Task Data_for_a_stream_that_the_server_reset_is_no_error_and_stays_within_the_window()
    {
        await using EngineClient client = await EngineClient.StartAsync();
        await client.SendAsync(Frames.Headers(1, RawHttp2Client.RequestHeaders("Raw", ("connection", "close"))));
        Frame reset = await client.ReceiveAsync(FrameType.RstStream);
        for (int i = 0; i < 200; i++)
        {
            // 3 MiB in all: more than the window of the connection, had it not been given back.
            await client.SendAsync(Frames.Data(1, new byte[16_000]));
            await client.SyncAsync();
        }

        Assert.That(reset.StreamId, Is.EqualTo(1));
        await client.AssertAliveAsync();
    }

    private static byte[] Opened(int streamId) => Frames.Headers(streamId, RawHttp2Client.RequestHeaders("Raw"));

    private static byte[] Body(int streamId) => Frames.Data(streamId, [0, 0, 0, 0, 1, 42], isEnd: true);

    private static byte[] Whole(int streamId) => [.. Opened(streamId), .. Body(streamId)];

    /// <summary>A whole request that stays without an answer.</summary>
    private static byte[] Held(int streamId) =>
    [
        .. Frames.Headers(streamId, RawHttp2Client.RequestHeaders("Unary")),
        .. Frames.Data(streamId, RawHttp2Client.Message([0x1a, 4, .. "hold"u8]), isEnd: true),
    ];

    private static byte[] Request(params (string Name, string Value)[] more) =>
        Frames.Headers(1, RawHttp2Client.RequestHeaders("Raw", more));

    private static byte[] Pseudo((string? Method, string? Scheme, string? Path) request, params (string Name, string Value)[] more)
    {
        (string, string?)[] pseudo = [(":method", request.Method), (":scheme", request.Scheme), (":path", request.Path)];
        return Frames.Headers(1, Frames.Request([.. pseudo.Where(p => p.Item2 is not null).Select(p => (p.Item1, p.Item2!)), .. more]));
    }

    private static byte[] Padded() => Frames.Make(
        1,
        Frames.EndHeaders | Frames.Padded | Frames.Priority,
        1,
        [2, .. Frames.Number(3), 16, .. RawHttp2Client.RequestHeaders("Raw"), 0, 0]);

    private static byte[] Split()
    {
        byte[] block = RawHttp2Client.RequestHeaders("Raw");
        return [.. Frames.Make(1, 0, 1, block.AsSpan(0, 7)), .. Frames.Make(9, 0, 1, []), .. Frames.Make(9, 4, 1, block.AsSpan(7))];
    }

    private static TestCaseData Case(string name, int code, params byte[][] frames) =>
        new TestCaseData(code, frames).SetArgDisplayNames(name);
}

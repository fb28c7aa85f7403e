using System.IO.Compression;
using System.Text;

namespace Etcdish.Rpc.Tests;

/// <summary>What the frames of calls look like on the wire, well-formed and not. None of it may hurt the connection.</summary>
public class ProtocolTests
{
    private EchoHandlers _handlers = null!;
    private EchoServer _server = null!;
    private RawHttp2Client _client = null!;

    [SetUp]
    public async Task Start()
    {
        _handlers = new EchoHandlers();
        _server = await EchoServer.StartAsync(options => options, handlers: _handlers);
        _client = await RawHttp2Client.ConnectAsync(_server.Port);
    }

    [TearDown]
    public async Task Stop()
    {
        _client.Dispose();
        await _server.DisposeAsync();
    }

    [Test]
    public async Task An_error_is_one_HEADERS_frame_that_ends_the_stream()
    {
        await _client.OpenAsync(1, "Nope");
        await _client.SendDataAsync(1, RawHttp2Client.Message([]), end: true);

        Frame first = await _client.ReceiveAsync(frame => frame.StreamId == 1);

        Assert.That(first.Type, Is.EqualTo(FrameType.Headers));
        Assert.That(first.Flags, Is.EqualTo(Frame.EndHeaders | Frame.EndStream));
        Assert.That(first.Text, Does.Contain("application/grpc").And.Contain("grpc-status").And.Contain("12"));
        Assert.That(first.Text, Does.Contain("unknown method Nope for service etcdish.rpc.tests.Echo"));
    }

    [Test]
    public async Task Success_is_headers_then_the_message_then_trailers()
    {
        await _client.OpenAsync(1, "Raw");
        await _client.SendDataAsync(1, RawHttp2Client.Message("hello"u8), end: true);

        Frame headers = await _client.ReceiveAsync(frame => frame.StreamId == 1);
        Frame data = await _client.ReceiveAsync(frame => frame.StreamId == 1);
        Frame trailers = await _client.ReceiveAsync(frame => frame.StreamId == 1);

        Assert.That((headers.Type, data.Type, trailers.Type), Is.EqualTo((FrameType.Headers, FrameType.Data, FrameType.Headers)));
        Assert.That(data.Payload, Is.EqualTo(RawHttp2Client.Message("hello"u8)));
        Assert.That(trailers.IsEndOfStream);
        Assert.That(trailers.Text, Does.Contain("grpc-status").And.Contain("grpc-message"));
    }

    [Test]
    public async Task Text_outside_ASCII_is_percent_encoded()
    {
        byte[] request = [0x10, 3, 0x1a, 4, .. "fail"u8];
        await _client.OpenAsync(1, "Unary");
        await _client.SendDataAsync(1, RawHttp2Client.Message(request), end: true);

        Frame end = await _client.ReceiveEndAsync(1);

        Assert.That(end.Text, Does.Contain("key is not provided: 100 %25 sch%C3%B6n"));
    }

    [TestCase("00 00 00 00 05 68 65", "13", "unexpected EOF", TestName = "A message cut short")]
    [TestCase("00 00 00", "13", "unexpected EOF", TestName = "A prefix cut short")]
    [TestCase("", "13", "without a request message", TestName = "No message")]
    [TestCase("02 00 00 00 00", "13", "grpc: received unexpected payload format 2", TestName = "An unknown format byte")]
    [TestCase("00 00 40 00 01", "8", "grpc: received message larger than max (4194305 vs. 4194304)", TestName = "A long length")]
    [TestCase("00 FF FF FF FF", "8", "grpc: received message larger than max (4294967295 vs. 4194304)", TestName = "The longest length")]
    [TestCase("00 00 00 00 00 00 00 00 00 00", "13", "takes one request message, but more were sent", TestName = "Two messages")]
    [TestCase("01 00 00 00 00", "13", "compressed flag set with identity or empty encoding", TestName = "Compressed by nothing")]
    [TestCase("00 00 00 00 02 0A 05", "13", "grpc: error unmarshalling request: unexpected EOF", TestName = "A broken protobuf")]
    [TestCase("00 00 00 00 06 7A FF FF FF FF 07", "13", "grpc: error unmarshalling request", TestName = "A field of nearly 2 GiB")]
    public async Task A_malformed_request_gets_its_status(string bytes, string status, string text)
    {
        await _client.OpenAsync(1, "Unary");
        await _client.SendDataAsync(1, Convert.FromHexString(bytes.Replace(" ", "", StringComparison.Ordinal)), end: true);

        Frame end = await _client.ReceiveEndAsync(1);

        Assert.That(end.Text, Does.Contain($"grpc-status{(char)status.Length}{status}"));
        Assert.That(end.Text, Does.Contain(text));
        await AssertConnectionLivesAsync();
    }

    [Test]
    public async Task A_request_may_come_byte_by_byte()
    {
        await _client.OpenAsync(1, "Raw");
        foreach (byte b in RawHttp2Client.Message("slowly"u8))
        {
            await _client.SendDataAsync(1, [b], end: false);
        }

        await _client.SendDataAsync(1, [], end: true);

        Frame data = await _client.ReceiveAsync(frame => frame.Type == FrameType.Data);
        Assert.That(data.Payload, Is.EqualTo(RawHttp2Client.Message("slowly"u8)));
    }

    [TestCase("gzip")]
    [TestCase("identity")]
    public async Task A_known_encoding_is_taken(string encoding)
    {
        byte[] message = encoding == "gzip"
            ? RawHttp2Client.Message(Compress("some text"u8.ToArray()), format: 1)
            : RawHttp2Client.Message("some text"u8);
        await _client.OpenAsync(1, "Raw", ("grpc-encoding", encoding));
        await _client.SendDataAsync(1, message, end: true);

        Frame data = await _client.ReceiveAsync(frame => frame.Type == FrameType.Data);

        Assert.That(data.Payload, Is.EqualTo(RawHttp2Client.Message("some text"u8)));
    }

    [Test]
    public async Task An_unknown_encoding_is_unimplemented_and_the_known_one_named()
    {
        await _client.OpenAsync(1, "Raw", ("grpc-encoding", "brotli"));
        await _client.SendDataAsync(1, RawHttp2Client.Message("x"u8, format: 1), end: true);

        Frame end = await _client.ReceiveEndAsync(1);

        Assert.That(end.Text, Does.Contain("Decompressor is not installed for grpc-encoding \"brotli\""));
        Assert.That(end.Text, Does.Contain("grpc-accept-encoding").And.Contain("gzip").And.Contain("\u000212"));
    }

    [Test]
    public async Task A_bomb_is_refused()
    {
        await _client.OpenAsync(1, "Raw", ("grpc-encoding", "gzip"));
        await _client.SendDataAsync(1, RawHttp2Client.Message(Compress(new byte[5_000_000]), format: 1), end: true);

        Frame end = await _client.ReceiveEndAsync(1);

        Assert.That(end.Text, Does.Contain("after decompression larger than max").And.Contain("grpc-status\u00018"));
    }

    [Test]
    public async Task Broken_gzip_is_an_error_of_the_call()
    {
        await _client.OpenAsync(1, "Raw", ("grpc-encoding", "gzip"));
        await _client.SendDataAsync(1, RawHttp2Client.Message("no gzip at all"u8, format: 1), end: true);

        Assert.That((await _client.ReceiveEndAsync(1)).Text, Does.Contain("failed to decompress"));
        await AssertConnectionLivesAsync();
    }

    [Test]
    public async Task A_malformed_timeout_is_an_error_of_the_call()
    {
        await _client.OpenAsync(1, "Raw", ("grpc-timeout", "5x"));
        await _client.SendDataAsync(1, RawHttp2Client.Message("x"u8), end: true);

        Assert.That((await _client.ReceiveEndAsync(1)).Text, Does.Contain("malformed grpc-timeout"));
    }

    [Test]
    public async Task Malformed_binary_metadata_is_an_error_of_the_call()
    {
        await _client.OpenAsync(1, "Unary", ("x-data-bin", "*no base64*"));
        await _client.SendDataAsync(1, RawHttp2Client.Message([0x1a, 8, .. "metadata"u8]), end: true);

        Assert.That((await _client.ReceiveEndAsync(1)).Text, Does.Contain("malformed value of the metadata \"x-data-bin\""));
    }

    [Test]
    public async Task A_reset_in_the_middle_of_a_message_cancels_the_call()
    {
        await _client.OpenAsync(1, "Duplex");
        await _client.SendDataAsync(1, RawHttp2Client.Message([]), end: false);
        await _client.ReceiveAsync(frame => frame.Type == FrameType.Data);
        await _client.SendDataAsync(1, [0, 0, 0, 1, 0, 1, 2, 3], end: false);

        await _client.ResetAsync(1);

        await _handlers.Canceled;
        await AssertConnectionLivesAsync();
    }

    [Test]
    public async Task A_client_that_grants_no_window_stalls_itself_only()
    {
        using RawHttp2Client stalled = await RawHttp2Client.ConnectAsync(_server.Port, initialWindow: 0);
        await stalled.OpenAsync(1, "RawDuplex");
        await stalled.SendDataAsync(1, RawHttp2Client.Message("stuck"u8), end: false);
        await stalled.ReceiveAsync(frame => frame.Type == FrameType.Headers);

        await AssertConnectionLivesAsync();

        await stalled.SendAsync(FrameType.WindowUpdate, 0, 1, [0, 0, 1, 0]);
        Frame data = await stalled.ReceiveAsync(frame => frame.Type == FrameType.Data);
        Assert.That(data.Payload, Is.EqualTo(RawHttp2Client.Message("stuck"u8)));
    }

    [Test]
    public async Task A_ping_is_answered()
    {
        await _client.SendAsync(FrameType.Ping, 0, 0, "12345678"u8);

        Frame answer = await _client.ReceiveAsync(frame => frame.Type == FrameType.Ping);

        Assert.That(answer.Flags, Is.EqualTo(Frame.Ack));
        Assert.That(answer.Text, Is.EqualTo("12345678"));
    }

    [Test]
    public async Task What_is_not_gRPC_goes_to_the_fallback()
    {
        byte[] headers = RawHttp2Client.HeaderBlock(
            (":method", "POST"), (":scheme", "http"), (":path", "/etcdish.rpc.tests.Echo/Raw"), (":authority", "x"), ("content-type", "text/plain"));
        await _client.SendAsync(FrameType.Headers, Frame.EndHeaders | Frame.EndStream, 1, headers);

        Frame data = await _client.ReceiveAsync(frame => frame.Type == FrameType.Data);

        Assert.That(data.Text, Does.StartWith("plain HTTP/2"));
    }

    [Test]
    public async Task Stopping_says_GOAWAY_ends_streams_as_unavailable_and_lets_unary_calls_finish()
    {
        await _client.OpenAsync(1, "RawDuplex");
        await _client.SendDataAsync(1, RawHttp2Client.Message("x"u8), end: false);
        await _client.ReceiveAsync(frame => frame.Type == FrameType.Data);
        await _client.OpenAsync(3, "Unary");
        await _client.SendDataAsync(3, RawHttp2Client.Message([0x1a, 4, .. "hold"u8]), end: true);
        await _handlers.Blocked;

        Task stop = _server.Server.StopAsync(TimeSpan.FromSeconds(20));
        Frame? stream = null;
        bool goAway = false;
        while (stream is null || !goAway)
        {
            // The two come in either order.
            Frame frame = await _client.ReceiveAsync(frame => frame.Type == FrameType.GoAway || (frame.StreamId == 1 && frame.IsEndOfStream));
            goAway |= frame.Type == FrameType.GoAway;
            stream = frame.StreamId == 1 ? frame : stream;
        }

        _handlers.Release();
        Frame unary = await _client.ReceiveEndAsync(3);

        // What every real client does after a GOAWAY once its last call has ended.
        _client.Dispose();
        await stop;

        Assert.That(stream.Text, Does.Contain("the server is shutting down").And.Contain("\u000214"));
        Assert.That(unary.Text, Does.Contain("grpc-status\u00010"));
    }

    internal static byte[] Compress(byte[] data)
    {
        var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Optimal))
        {
            gzip.Write(data);
        }

        return compressed.ToArray();
    }

    private async Task AssertConnectionLivesAsync()
    {
        await _client.OpenAsync(101, "Raw");
        await _client.SendDataAsync(101, RawHttp2Client.Message(Encoding.ASCII.GetBytes("alive")), end: true);
        Frame data = await _client.ReceiveAsync(frame => frame.StreamId == 101 && frame.Type == FrameType.Data);
        Assert.That(data.Text, Does.EndWith("alive"));
    }
}

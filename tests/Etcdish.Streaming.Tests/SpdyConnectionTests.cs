using System.Buffers.Binary;
using System.Net.WebSockets;
using System.Text;
using Etcdish.Streaming.Spdy;

namespace Etcdish.Streaming.Tests;

internal sealed class SpdyConnectionTests
{
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(20);
    private static readonly Dictionary<string, string> _headers = new() { ["streamtype"] = "data" };

    private DuplexPipe _clientEnd = null!;
    private DuplexPipe _serverEnd = null!;

    [SetUp]
    public void Connect() => (_clientEnd, _serverEnd) = DuplexPipe.Make();

    [TearDown]
    public void Disconnect()
    {
        _clientEnd.Dispose();
        _serverEnd.Dispose();
    }

    [Test]
    public async Task Each_direction_of_a_stream_ends_by_itself()
    {
        await using var client = new SpdyConnection(_clientEnd, isServer: false, new StreamingLimits());
        await using var server = new SpdyConnection(_serverEnd, isServer: true, new StreamingLimits());

        var asked = await client.OpenStreamAsync(_headers);
        var answered = (await server.AcceptStreamAsync())!;
        await answered.AcceptAsync();
        await asked.WriteAsync("question"u8.ToArray());
        await asked.CompleteWritesAsync();
        var question = await ReadToEndAsync(answered);
        await answered.WriteAsync("answer"u8.ToArray());
        await answered.CompleteWritesAsync();

        Assert.That(question, Is.EqualTo("question"));
        Assert.That(await ReadToEndAsync(asked), Is.EqualTo("answer"));
        Assert.That(answered.Headers["STREAMTYPE"], Is.EqualTo("data"));
        Assert.That(async () => await asked.WriteAsync(new byte[1]), Throws.InstanceOf<IOException>());
    }

    [Test]
    public async Task A_WebSocket_carries_a_connection()
    {
        await using var client = new SpdyConnection(Wrap(_clientEnd, isServer: false), isServer: false, new StreamingLimits());
        await using var server = new SpdyConnection(Wrap(_serverEnd, isServer: true), isServer: true, new StreamingLimits());

        var asked = await client.OpenStreamAsync(_headers);
        await asked.WriteAsync("question"u8.ToArray());
        await asked.CompleteWritesAsync();
        var answered = (await server.AcceptStreamAsync())!;

        Assert.That(await ReadToEndAsync(answered), Is.EqualTo("question"));
        await Task.WhenAll(server.CloseAsync(), client.CloseAsync()).WaitAsync(_limit);

        static Stream Wrap(Stream transport, bool isServer) => WebSocketStream.Create(
            WebSocket.CreateFromStream(transport, new WebSocketCreationOptions { IsServer = isServer }),
            WebSocketMessageType.Binary,
            closeTimeout: _limit);
    }

    [Test]
    public async Task A_writer_waits_for_the_reader()
    {
        var limits = new StreamingLimits { ReceiveBufferBytes = 64 * 1024 };
        await using var client = new SpdyConnection(_clientEnd, isServer: false, limits);
        await using var server = new SpdyConnection(_serverEnd, isServer: true, limits);
        var source = await client.OpenStreamAsync(_headers);
        var target = (await server.AcceptStreamAsync())!;
        var data = new byte[8 * 1024 * 1024];
        new Random(7).NextBytes(data);

        var writing = source.WriteAsync(data).AsTask();
        var first = new byte[1];
        await target.ReadExactlyAsync(first);

        // The buffers of the stream, of the connection's reader and of the transport, and one frame.
        Assert.That(_clientEnd.Written, Is.LessThan(1024 * 1024));
        Assert.That(writing.IsCompleted, Is.False);
        var rest = new byte[data.Length - 1];
        await target.ReadExactlyAsync(rest).AsTask().WaitAsync(_limit);
        await writing.WaitAsync(_limit);
        Assert.That((byte[])[.. first, .. rest], Is.EqualTo(data));
    }

    [Test]
    public async Task A_stream_that_is_given_up_holds_up_nobody()
    {
        var limits = new StreamingLimits { ReceiveBufferBytes = 1024 };
        await using var client = new SpdyConnection(_clientEnd, isServer: false, limits);
        await using var server = new SpdyConnection(_serverEnd, isServer: true, limits);
        var abandoned = await client.OpenStreamAsync(_headers);
        var other = await client.OpenStreamAsync(_headers);
        var stuck = (await server.AcceptStreamAsync())!;
        var working = (await server.AcceptStreamAsync())!;
        var flood = abandoned.WriteAsync(new byte[1024 * 1024]).AsTask();

        await stuck.DisposeAsync();

        await other.WriteAsync("through"u8.ToArray());
        await other.CompleteWritesAsync();
        Assert.That(await ReadToEndAsync(working), Is.EqualTo("through"));
        await flood.WaitAsync(_limit).ContinueWith(done => Assert.That(done.Exception?.InnerException, Is.Null.Or.InstanceOf<IOException>()));
    }

    [Test]
    public async Task A_reset_ends_reading_with_a_failure()
    {
        await using var client = new SpdyConnection(_clientEnd, isServer: false, new StreamingLimits());
        await using var server = new SpdyConnection(_serverEnd, isServer: true, new StreamingLimits());
        var stream = await client.OpenStreamAsync(_headers);

        (await server.AcceptStreamAsync())!.Reset(SpdyResetCode.RefusedStream);

        Assert.That(async () => await ReadToEndAsync(stream), Throws.InstanceOf<IOException>());
    }

    [Test]
    public async Task Streams_beyond_the_limit_are_refused_one_by_one()
    {
        var limits = new StreamingLimits { MaxStreams = 2 };
        await using var client = new SpdyConnection(_clientEnd, isServer: false, new StreamingLimits());
        await using var server = new SpdyConnection(_serverEnd, isServer: true, limits);
        var streams = new[]
        {
            await client.OpenStreamAsync(_headers), await client.OpenStreamAsync(_headers), await client.OpenStreamAsync(_headers),
        };

        Assert.That(async () => await ReadToEndAsync(streams[2]), Throws.InstanceOf<IOException>());
        (await server.AcceptStreamAsync())!.Reset(SpdyResetCode.Cancel);
        Assert.That(async () => await ReadToEndAsync(streams[0]), Throws.InstanceOf<IOException>());

        await client.OpenStreamAsync(_headers);
        await server.AcceptStreamAsync();
        Assert.That((await server.AcceptStreamAsync())!.Id, Is.EqualTo(7));
    }

    [Test]
    public async Task Leaving_loses_nothing_that_was_written()
    {
        await using var client = new SpdyConnection(_clientEnd, isServer: false, new StreamingLimits());
        await using var server = new SpdyConnection(_serverEnd, isServer: true, new StreamingLimits());
        var asked = await client.OpenStreamAsync(_headers);
        var answered = (await server.AcceptStreamAsync())!;
        var unread = asked.WriteAsync(new byte[1024 * 1024]).AsTask();

        await answered.WriteAsync("the last word"u8.ToArray());
        await answered.CompleteWritesAsync();
        var leaving = server.CloseAsync();

        Assert.That(await ReadToEndAsync(asked), Is.EqualTo("the last word"));
        await unread.WaitAsync(_limit);
        await client.CloseAsync();
        await leaving.WaitAsync(_limit);
        Assert.That(server.Failure, Is.Null);
    }

    [Test]
    public async Task A_lost_connection_is_no_end_of_a_stream()
    {
        var client = new SpdyConnection(_clientEnd, isServer: false, new StreamingLimits());
        await using var server = new SpdyConnection(_serverEnd, isServer: true, new StreamingLimits());
        await client.OpenStreamAsync(_headers);
        var stream = (await server.AcceptStreamAsync())!;

        await client.DisposeAsync();

        Assert.That(async () => await ReadToEndAsync(stream), Throws.InstanceOf<IOException>());
        await WaitForAsync(server.Closed);
    }

    [Test]
    public async Task Pings_are_answered()
    {
        await using var server = new SpdyConnection(_serverEnd, isServer: true, new StreamingLimits());

        await _clientEnd.WriteAsync(SpdyFrames.Ping(41));

        Assert.That(await ReadFrameAsync(), Is.EqualTo(SpdyFrames.Ping(41)));
    }

    [Test]
    public async Task Windows_are_opened_again_as_streams_are_read()
    {
        await using var server = new SpdyConnection(_serverEnd, isServer: true, new StreamingLimits());
        await OpenByHandAsync(1);
        var stream = (await server.AcceptStreamAsync())!;

        await SendDataAsync(1, 40_000);
        await stream.ReadExactlyAsync(new byte[40_000]);

        var frames = new[] { await ReadFrameAsync(), await ReadFrameAsync() };
        Assert.That(frames.Select(f => (SpdyFrameType)f[3]), Is.All.EqualTo(SpdyFrameType.WindowUpdate));
        Assert.That(
            frames.Select(f => BinaryPrimitives.ReadUInt32BigEndian(f.AsSpan(8))).Order(), Is.EqualTo(new uint[] { 0, 1 }));
    }

    [TestCase("8002000100000000", Description = "another version")]
    [TestCase("800300010000000400000001", Description = "SYN_STREAM cut short")]
    [TestCase("8003000600000003000000", Description = "PING cut short")]
    [TestCase("80030009007fffff", Description = "a control frame beyond the limit")]
    public async Task A_broken_rule_ends_the_connection_with_GOAWAY(string frame)
    {
        await using var server = new SpdyConnection(_serverEnd, isServer: true, new StreamingLimits());

        await _clientEnd.WriteAsync(Convert.FromHexString(frame));

        var answer = await ReadFrameAsync();
        Assert.That((SpdyFrameType)answer[3], Is.EqualTo(SpdyFrameType.GoAway));
        Assert.That(answer[^1], Is.EqualTo((byte)SpdyGoAwayCode.ProtocolError));
        Assert.That(server.Failure, Is.TypeOf<StreamingProtocolException>());
    }

    [Test]
    public async Task A_number_that_was_used_already_ends_the_connection()
    {
        await using var server = new SpdyConnection(_serverEnd, isServer: true, new StreamingLimits());
        var deflater = new HeaderDeflater();

        foreach (var id in new uint[] { 3, 3 })
        {
            await _clientEnd.WriteAsync(SpdyFrames.SynStream(id, SpdyFlags.None, deflater.Deflate(SpdyHeaders.Write(_headers))));
        }

        Assert.That((SpdyFrameType)(await ReadFrameAsync())[3], Is.EqualTo(SpdyFrameType.GoAway));
    }

    [Test]
    public async Task What_is_unknown_and_what_comes_late_is_ignored()
    {
        await using var server = new SpdyConnection(_serverEnd, isServer: true, new StreamingLimits());
        await _clientEnd.WriteAsync(Convert.FromHexString("80030063000000020102"));
        await SendDataAsync(99, 10);
        await _clientEnd.WriteAsync(SpdyFrames.RstStream(99, SpdyResetCode.Cancel));
        await OpenByHandAsync(1);

        Assert.That((await server.AcceptStreamAsync())!.Id, Is.EqualTo(1));
    }

    [Test]
    public async Task Who_never_reads_answers_is_cut_off()
    {
        await using var server = new SpdyConnection(_serverEnd, isServer: true, new StreamingLimits { MaxStreams = 0, Linger = TimeSpan.FromMilliseconds(50) });

        var opening = OpenForeverAsync();

        await WaitForAsync(server.Closed);
        await server.DisposeAsync();
        Assert.That(server.Failure, Is.TypeOf<StreamingProtocolException>());
        Assert.That(async () => await opening.WaitAsync(_limit), Throws.InstanceOf<IOException>());
    }

    private static async Task<string> ReadToEndAsync(Stream stream)
    {
        using var all = new MemoryStream();
        await stream.CopyToAsync(all).WaitAsync(_limit);
        return Encoding.ASCII.GetString(all.ToArray());
    }

    private static async Task WaitForAsync(CancellationToken end)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = end.Register(reached.SetResult);
        await reached.Task.WaitAsync(_limit, CancellationToken.None);
    }

    private async Task OpenForeverAsync()
    {
        var deflater = new HeaderDeflater();
        for (var id = 1u; ; id += 2)
        {
            await _clientEnd.WriteAsync(SpdyFrames.SynStream(id, SpdyFlags.None, deflater.Deflate(SpdyHeaders.Write(_headers))));
        }
    }

    private async Task OpenByHandAsync(uint id) =>
        await _clientEnd.WriteAsync(SpdyFrames.SynStream(id, SpdyFlags.None, new HeaderDeflater().Deflate(SpdyHeaders.Write(_headers))));

    private async Task SendDataAsync(uint id, int count)
    {
        var frame = new byte[SpdyFrameHeader.Size + count];
        new SpdyFrameHeader(SpdyFrameType.Data, id, SpdyFlags.None, count).Write(frame);
        await _clientEnd.WriteAsync(frame);
    }

    private async Task<byte[]> ReadFrameAsync()
    {
        var head = new byte[SpdyFrameHeader.Size];
        await _clientEnd.ReadExactlyAsync(head).AsTask().WaitAsync(_limit);
        var payload = new byte[SpdyFrameHeader.Read(head).Length];
        await _clientEnd.ReadExactlyAsync(payload).AsTask().WaitAsync(_limit);
        return [.. head, .. payload];
    }
}

namespace Etcdish.Rpc.Tests.Http2;

/// <summary>Windows of both levels in both directions (RFC 9113, section 5.2).</summary>
public class FlowControlTests
{
    private const int FlowControlError = 3;
    private const int DefaultWindow = 65_535;

    [Test]
    public async Task The_server_announces_its_windows_at_once()
    {
        await using EngineClient client = await EngineClient.StartAsync(isSilent: true);

        Frame settings = await client.ReceiveAsync(FrameType.Settings);
        Frame update = await client.ReceiveAsync(FrameType.WindowUpdate);

        Assert.That(Frames.Make(4, 0, 0, settings.Payload), Is.EqualTo(Frames.Settings((3, 1024), (4, 768 * 1024), (6, 32 * 1024))));
        Assert.That((update.StreamId, update.ErrorCode), Is.EqualTo((0, (1024 * 1024) - DefaultWindow)));
    }

    [Test]
    public async Task A_response_stops_at_the_streams_window_and_goes_on_by_what_it_is_given()
    {
        await using EngineClient client = await EngineClient.StartAsync(initialWindow: 10);
        await client.CallAsync(1, "Raw", new byte[95]);

        int[] lengths = [await DataAsync(client, 1), 0, 0];
        await client.SendAsync(Frames.WindowUpdate(1, 1));
        lengths[1] = await DataAsync(client, 1);
        await client.SendAsync(Frames.WindowUpdate(1, 1000));
        lengths[2] = await DataAsync(client, 1);

        Assert.That(lengths, Is.EqualTo(new[] { 10, 1, 89 }));
        Assert.That((await client.ReceiveEndAsync(1)).Type, Is.EqualTo(FrameType.Headers));
    }

    [Test]
    public async Task Smaller_settings_make_a_window_negative_and_it_counts_up_from_there()
    {
        await using EngineClient client = await EngineClient.StartAsync(initialWindow: 100);
        await client.CallAsync(1, "Raw", new byte[195]);
        Assert.That(await DataAsync(client, 1), Is.EqualTo(100));

        // The window is now 0 - 60, and 50 more leave it closed: the next data must be of another stream.
        await client.SendAsync(Frames.Settings((4, 40)), Frames.WindowUpdate(1, 50));
        await client.CallAsync(3, "Raw", new byte[5]);
        Frame next = await client.ReceiveAsync(FrameType.Data);
        await client.SendAsync(Frames.WindowUpdate(1, 30));
        Frame last = await client.ReceiveAsync(FrameType.Data);

        Assert.That((next.StreamId, next.Payload.Length), Is.EqualTo((3, 10)));
        Assert.That((last.StreamId, last.Payload.Length), Is.EqualTo((1, 20)));
    }

    [Test]
    public async Task Larger_settings_let_a_stalled_response_go_on()
    {
        await using EngineClient client = await EngineClient.StartAsync(initialWindow: 0);
        await client.CallAsync(1, "Raw", new byte[50]);
        await client.ReceiveAsync(FrameType.Headers);

        await client.SendAsync(Frames.Settings((4, 55)));

        Assert.That(await DataAsync(client, 1), Is.EqualTo(55));
        Assert.That((await client.ReceiveEndAsync(1)).Type, Is.EqualTo(FrameType.Headers));
    }

    [Test]
    public async Task The_connections_window_is_shared_and_an_answer_without_data_does_not_wait_for_it()
    {
        await using EngineClient client = await EngineClient.StartAsync(initialWindow: 1_000_000);
        await client.CallAsync(1, "Raw", new byte[100_000]);
        await client.CallAsync(3, "Raw", new byte[100_000]);
        int received = 0;
        while (received < DefaultWindow)
        {
            received += (await client.ReceiveAsync(FrameType.Data)).Payload.Length;
        }

        await client.CallAsync(5, "Nope", []);
        Frame refusal = await client.ReceiveAsync(frame => frame.Type == FrameType.Data || frame.StreamId == 5);
        await client.SendAsync(Frames.WindowUpdate(0, 1_000_000));
        await ReadToEndAsync();

        Assert.That(received, Is.EqualTo(DefaultWindow));
        Assert.That(refusal.Text, Does.Contain("unknown method"));

        async Task ReadToEndAsync()
        {
            for (int ended = 0; ended < 2;)
            {
                Frame? frame = await client.ReceiveAsync();
                ended += frame!.IsEndOfStream ? 1 : 0;
            }
        }
    }

    [Test]
    public async Task A_client_over_the_streams_window_loses_the_stream()
    {
        await using EngineClient client = await EngineClient.StartAsync(options => Windows(options, stream: DefaultWindow));
        await client.SendAsync(Frames.Headers(1, RawHttp2Client.RequestHeaders("Unary", ("x-hold", "1"))));
        await client.SendAsync([.. Enumerable.Range(0, 5).Select(_ => Frames.Data(1, Unread(16_384)))]);

        Frame reset = await client.ReceiveAsync(FrameType.RstStream);

        Assert.That((reset.StreamId, reset.ErrorCode), Is.EqualTo((1, FlowControlError)));
        await client.AssertAliveAsync();
    }

    [Test]
    public async Task A_client_over_the_connections_window_loses_the_connection()
    {
        await using EngineClient client = await EngineClient.StartAsync(options => Windows(options, connection: DefaultWindow));
        await client.SendAsync(Frames.Headers(1, RawHttp2Client.RequestHeaders("Unary")));
        await client.SendAsync([.. Enumerable.Range(0, 5).Select(_ => Frames.Data(1, Unread(16_384)))]);

        await client.AssertGoAwayAsync(FlowControlError);
    }

    [Test]
    public async Task Windows_are_given_back_in_halves_as_messages_are_read()
    {
        await using EngineClient client = await EngineClient.StartAsync(options => Windows(options, DefaultWindow, DefaultWindow), initialWindow: 1 << 20);
        await client.SendAsync(Frames.WindowUpdate(0, 1 << 20), Frames.Headers(1, RawHttp2Client.RequestHeaders("RawDuplex")));
        var updates = new List<(int Stream, int Increment)>();
        for (int i = 0; i < 40; i++)
        {
            await client.SendAsync(Frames.Data(1, RawHttp2Client.Message(new byte[16_000])));
            for (int echoed = 0; echoed < 16_005;)
            {
                Frame? frame = await client.ReceiveAsync();
                echoed += frame!.Type == FrameType.Data ? frame.Payload.Length : 0;
                if (frame.Type == FrameType.WindowUpdate)
                {
                    updates.Add((frame.StreamId, frame.ErrorCode));
                }
            }
        }

        // 640 KB went through windows of 64 KiB.
        int[] increments = [.. updates.Where(update => update.Stream == 1).Select(update => update.Increment)];
        Assert.That(increments, Has.All.AtLeast(DefaultWindow / 2));
        Assert.That(increments.Sum(), Is.GreaterThan((40 * 16_005) - DefaultWindow));
        Assert.That(updates.Where(update => update.Stream == 0).Sum(update => update.Increment), Is.GreaterThan((40 * 16_005) - DefaultWindow));
    }

    [Test]
    public async Task A_message_larger_than_the_windows_arrives()
    {
        await using EngineClient client = await EngineClient.StartAsync(
            options => Windows(options, DefaultWindow, DefaultWindow), initialWindow: 1 << 20);
        byte[] message = RawHttp2Client.Message(new byte[500_000]);
        await client.SendAsync(Frames.WindowUpdate(0, 1 << 20), Frames.Headers(1, RawHttp2Client.RequestHeaders("Raw")));
        (int connection, int stream) = (DefaultWindow, DefaultWindow);
        for (int at = 0; at < message.Length;)
        {
            int length = Math.Min(Math.Min(16_384, message.Length - at), Math.Min(connection, stream));
            if (length > 0)
            {
                await client.SendAsync(Frames.Data(1, message.AsSpan(at, length), isEnd: at + length == message.Length));
                (at, connection, stream) = (at + length, connection - length, stream - length);
                continue;
            }

            Frame update = await client.ReceiveAsync(FrameType.WindowUpdate);
            connection += update.StreamId == 0 ? update.ErrorCode : 0;
            stream += update.StreamId == 1 ? update.ErrorCode : 0;
        }

        Assert.That((await client.ReceiveEndAsync(1)).Type, Is.EqualTo(FrameType.Headers));
    }

    [Test]
    public async Task A_client_that_reads_nothing_holds_up_its_own_writers_only()
    {
        await using EngineClient client = await EngineClient.StartAsync(initialWindow: int.MaxValue);
        await client.SendAsync(Frames.WindowUpdate(0, int.MaxValue - DefaultWindow));

        // Windows without end, but nobody reads: 1,000 messages of 100,000 bytes are wanted.
        byte[] request = [0x0a, 0xa0, 0x8d, 0x06, .. new byte[100_000], 0x10, 0xe8, 0x07];
        await client.CallAsync(3, "ServerStream", request);
        await client.ReceiveAsync(frame => frame.StreamId == 3 && frame.Type == FrameType.Data);
        int flushed = client.Handlers.ResponsesFlushed;

        Assert.That(flushed, Is.LessThan(20));
        await client.SendAsync(Frames.Reset(3));
    }

    private static RpcServerOptions Windows(RpcServerOptions options, int connection = 1 << 20, int stream = 1 << 20) => new()
    {
        Endpoints = options.Endpoints,
        Services = options.Services,
        ConnectionWindowBytes = connection,
        StreamWindowBytes = stream,
    };

    // Two messages at once for a method that takes one: the call ends in an error, or waits for the rest of the first, which never comes.
    private static byte[] Unread(int length)
    {
        byte[] bytes = new byte[length];
        bytes[1] = 0;
        bytes[2] = 0x30;
        return bytes;
    }

    private static async Task<int> DataAsync(EngineClient client, int streamId)
    {
        Frame data = await client.ReceiveAsync(frame => frame.StreamId == streamId && frame.Type == FrameType.Data);
        return data.Payload.Length;
    }
}

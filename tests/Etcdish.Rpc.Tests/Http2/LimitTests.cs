using Etcdish.Rpc.Http2;

namespace Etcdish.Rpc.Tests.Http2;

/// <summary>What a client may cost: streams, headers, floods of frames that are small to send and not to serve.</summary>
public class LimitTests
{
    private const int RefusedStream = 7;
    private const int EnhanceYourCalm = 11;

    /// <summary>Frames of which ten thousand at once are too many.</summary>
    private static IEnumerable<TestCaseData> Floods()
    {
        yield return Flood("PING", Frames.Ping(new byte[8]));
        yield return Flood("answered PINGs", Frames.Ping(new byte[8], isAck: true));
        yield return Flood("SETTINGS", Frames.Settings());
        yield return Flood("acknowledged SETTINGS", Frames.Make(4, Frames.Ack, 0, []));
        yield return Flood("PRIORITY", Frames.Make(2, 0, 3, new byte[5]));
        yield return Flood("unknown frames", Frames.Make(99, 0, 0, []));
        yield return Flood("DATA without data", Frames.Data(1, []));
        yield return Flood("WINDOW_UPDATE of a stream that has ended", Frames.WindowUpdate(3, 1));
        yield return Flood("RST_STREAM of a stream that has ended", Frames.Reset(3));
    }

    [TestCaseSource(nameof(Floods))]
    public async Task A_flood_ends_the_connection(byte[] frame)
    {
        await using EngineClient client = await EngineClient.StartAsync();
        await client.SendAsync(Frames.Headers(1, RawHttp2Client.RequestHeaders("RawDuplex")));
        await client.SendAsync(Frames.Headers(3, RawHttp2Client.RequestHeaders("Raw")), Frames.Reset(3));
        Task<Frame> goAway = client.ReceiveAsync(FrameType.GoAway);
        for (int i = 0; i < FloodGuard.MaxControlFrames / 1000; i++)
        {
            await client.SendAsync([.. Enumerable.Repeat(frame, 1000)]);
        }

        Assert.That((await goAway).ErrorCode, Is.EqualTo(EnhanceYourCalm));
    }

    [Test]
    public async Task Time_and_answers_earn_control_frames()
    {
        await using EngineClient client = await EngineClient.StartAsync();
        for (int second = 0; second < 20; second++)
        {
            await client.SendAsync([.. Enumerable.Repeat(Frames.Ping(new byte[8], isAck: true), 1000)]);
            client.Time.Advance(TimeSpan.FromSeconds(1));
            await client.SyncAsync();
        }

        for (int i = 0; i < 15_000; i++)
        {
            // One PING for each answer with data, as grpc-go does, without the clock moving on.
            await client.CallAsync((2 * i) + 1, "Raw", [1]);
            await client.SyncAsync();
        }
    }

    [Test]
    public async Task Rapid_resets_end_the_connection_and_run_nothing()
    {
        await using EngineClient client = await EngineClient.StartAsync();
        Task<Frame> goAway = client.ReceiveAsync(FrameType.GoAway);
        for (int i = 0; i <= FloodGuard.MaxEarlyResets; i++)
        {
            byte[] request = [0x1a, 5, .. "block"u8];
            await client.SendAsync(
                Frames.Headers((2 * i) + 1, RawHttp2Client.RequestHeaders("Unary")),
                Frames.Data((2 * i) + 1, RawHttp2Client.Message(request), isEnd: true),
                Frames.Reset((2 * i) + 1));
        }

        Assert.That((await goAway).ErrorCode, Is.EqualTo(EnhanceYourCalm));
    }

    [Test]
    public async Task Resets_of_streams_that_were_answered_are_no_flood()
    {
        await using EngineClient client = await EngineClient.StartAsync();
        for (int i = 0; i < 2 * FloodGuard.MaxEarlyResets; i++)
        {
            int streamId = (2 * i) + 1;
            await client.SendAsync(
                Frames.Headers(streamId, RawHttp2Client.RequestHeaders("RawDuplex")), Frames.Data(streamId, RawHttp2Client.Message([1])));
            await client.ReceiveAsync(frame => frame.StreamId == streamId && frame.Type == FrameType.Data);
            await client.SendAsync(Frames.Reset(streamId));
        }

        await client.AssertAliveAsync(9999);
    }

    [Test]
    public async Task A_stream_over_the_limit_is_refused_and_there_is_room_after_another_ends()
    {
        await using EngineClient client = await EngineClient.StartAsync(options => new RpcServerOptions
        {
            Endpoints = options.Endpoints,
            Services = options.Services,
            MaxStreamsPerConnection = 2,
        });
        await client.SendAsync(
            Frames.Headers(1, RawHttp2Client.RequestHeaders("RawDuplex")),
            Frames.Headers(3, RawHttp2Client.RequestHeaders("RawDuplex")),
            Frames.Headers(5, RawHttp2Client.RequestHeaders("RawDuplex")));
        Frame refusal = await client.ReceiveAsync(FrameType.RstStream);

        await client.SendAsync(Frames.Reset(3));

        Assert.That((refusal.StreamId, refusal.ErrorCode), Is.EqualTo((5, RefusedStream)));
        await client.AssertAliveAsync();
    }

    [Test]
    public async Task Calls_that_run_on_after_their_reset_count_until_they_end()
    {
        await using EngineClient client = await EngineClient.StartAsync(options => new RpcServerOptions
        {
            Endpoints = options.Endpoints,
            Services = options.Services,
            MaxStreamsPerConnection = 1,
        });
        for (int streamId = 1; streamId <= 3; streamId += 2)
        {
            await client.CallAsync(streamId, "Unary", [0x1a, 4, .. "hold"u8]);
            await client.Handlers.Blocked;
            await client.SyncAsync();
            await client.SendAsync(Frames.Reset(streamId));
        }

        await client.CallAsync(5, "Raw", [1]);

        Frame refusal = await client.ReceiveAsync(FrameType.RstStream);
        Assert.That((refusal.StreamId, refusal.ErrorCode), Is.EqualTo((5, RefusedStream)));
    }

    [Test]
    public async Task Headers_over_the_limit_are_refused_by_431_and_the_next_call_is_served()
    {
        await using EngineClient client = await EngineClient.StartAsync();
        byte[] block = RawHttp2Client.RequestHeaders("Raw", [.. Enumerable.Range(0, 5).Select(i => ($"x-{i}", new string('x', 8000)))]);
        await client.SendAsync(
            Frames.Make(1, 0, 1, block.AsSpan(0, 16_000)),
            Frames.Make(9, 0, 1, block.AsSpan(16_000, 16_000)),
            Frames.Make(9, 4, 1, block.AsSpan(32_000)));

        Frame refusal = await client.ReceiveEndAsync(1);

        Assert.That(refusal.Text, Does.Contain("431"));
        await client.AssertAliveAsync();
    }

    [Test]
    public async Task A_header_block_without_end_is_cut_off()
    {
        await using EngineClient client = await EngineClient.StartAsync();
        await client.SendAsync(Frames.Make(1, 0, 1, RawHttp2Client.RequestHeaders("Raw")));
        await client.SendAsync([.. Enumerable.Repeat(Frames.Make(9, 0, 1, new byte[16_000]), 5)]);

        await client.AssertGoAwayAsync(EnhanceYourCalm);
    }

    [Test]
    public async Task Empty_CONTINUATIONs_without_end_are_cut_off()
    {
        await using EngineClient client = await EngineClient.StartAsync();
        await client.SendAsync(Frames.Make(1, 0, 1, RawHttp2Client.RequestHeaders("Raw")));
        await client.SendAsync([.. Enumerable.Repeat(Frames.Make(9, 0, 1, []), HeaderAssembler.MaxContinuations + 1)]);

        await client.AssertGoAwayAsync(EnhanceYourCalm);
    }

    [Test]
    public async Task Answers_that_nobody_reads_do_not_pile_up()
    {
        await using EngineClient client = await EngineClient.StartAsync(clientBufferBytes: 1000);
        for (int i = 0; i < 20 && !client.Served.IsCompleted; i++)
        {
            // Early resets refill with time, so only what is not read can end this.
            client.Time.Advance(TimeSpan.FromSeconds(10));
            await client.SendAsync([.. Enumerable.Repeat(Frames.Ping(new byte[8]), 5000)]);
        }

        Frame? last = null;
        while (await client.ReceiveAsync() is { } frame)
        {
            last = frame;
        }

        Assert.That((last?.Type, last?.ErrorCode), Is.EqualTo(((FrameType?)FrameType.GoAway, (int?)EnhanceYourCalm)));
    }

    private static TestCaseData Flood(string name, byte[] frame) => new TestCaseData(frame).SetArgDisplayNames(name);
}

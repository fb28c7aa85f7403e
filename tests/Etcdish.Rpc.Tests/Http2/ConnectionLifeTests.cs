namespace Etcdish.Rpc.Tests.Http2;

/// <summary>The times of a connection, and how it ends in order. The clock is the test's.</summary>
public class ConnectionLifeTests
{
    private const int ProtocolError = 1;
    private const int EnhanceYourCalm = 11;

    [Test]
    public async Task A_client_that_never_sends_its_preface_is_cut_off()
    {
        await using EngineClient client = await EngineClient.StartAsync(isSilent: true);
        await client.SendAsync(Frames.Preface[..20]);

        client.Time.Advance(TimeSpan.FromSeconds(21));
        client.Transport.Beat();

        await client.AssertGoAwayAsync(ProtocolError);
    }

    [Test]
    public async Task A_header_block_that_is_never_finished_is_cut_off_however_busy_the_connection_was_before()
    {
        await using EngineClient client = await EngineClient.StartAsync();
        await client.AssertAliveAsync(1);
        await client.SendAsync(Frames.Ping(new byte[8]), Frames.Make(1, 0, 3, RawHttp2Client.RequestHeaders("Raw")));
        await client.ReceiveAsync(FrameType.Ping);

        client.Transport.Beat();
        client.Time.Advance(TimeSpan.FromSeconds(21));
        client.Transport.Beat();

        await client.AssertGoAwayAsync(EnhanceYourCalm);
    }

    [Test]
    public async Task A_silent_client_is_pinged_and_stays_if_it_answers()
    {
        await using EngineClient client = await EngineClient.StartAsync(KeepAlive);
        await client.SyncAsync();
        for (int i = 0; i < 3; i++)
        {
            client.Time.Advance(TimeSpan.FromSeconds(30));
            client.Transport.Beat();
            Frame ping = await client.ReceiveAsync(FrameType.Ping);
            await client.SendAsync(Frames.Ping(ping.Payload, isAck: true));
            await client.SyncAsync();
            client.Time.Advance(TimeSpan.FromSeconds(11));
            client.Transport.Beat();
        }

        await client.AssertAliveAsync();
        Assert.That(client.Transport.AbortReason, Is.Null);
    }

    [Test]
    public async Task A_dead_client_is_cut_off_after_its_ping()
    {
        await using EngineClient client = await EngineClient.StartAsync(KeepAlive);
        await client.SyncAsync();
        client.Time.Advance(TimeSpan.FromSeconds(30));
        client.Transport.Beat();
        await client.ReceiveAsync(FrameType.Ping);

        client.Time.Advance(TimeSpan.FromSeconds(10));
        client.Transport.Beat();

        await client.Served;
        Assert.That(client.Transport.AbortReason, Does.Contain("ping"));
    }

    [Test]
    public async Task An_idle_connection_ends_and_one_with_a_call_does_not()
    {
        await using EngineClient client = await EngineClient.StartAsync(options => new RpcServerOptions
        {
            Endpoints = options.Endpoints,
            Services = options.Services,
            IdleTimeout = TimeSpan.FromMinutes(1),
        });
        await client.SendAsync(Frames.Headers(1, RawHttp2Client.RequestHeaders("RawDuplex")));
        await client.SyncAsync();
        client.Time.Advance(TimeSpan.FromMinutes(2));
        client.Transport.Beat();
        await client.SyncAsync();
        await client.SendAsync(Frames.Data(1, [], isEnd: true));
        await client.ReceiveEndAsync(1);
        client.Transport.Beat();
        await client.AssertAliveAsync(3);

        client.Time.Advance(TimeSpan.FromMinutes(1));
        client.Transport.Beat();

        Frame goAway = await client.ReceiveAsync(FrameType.GoAway);
        Assert.That(goAway.Payload[..8], Is.EqualTo(new byte[] { 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0 }));
    }

    [Test]
    public async Task The_end_in_order_serves_what_is_on_its_way_and_names_the_last_stream()
    {
        await using EngineClient client = await EngineClient.StartAsync();
        await client.CallAsync(1, "Unary", [0x1a, 4, .. "hold"u8]);
        await client.Handlers.Blocked;

        client.Transport.RequestClose();
        Frame warning = await client.ReceiveAsync(FrameType.GoAway);
        Frame ping = await client.ReceiveAsync(FrameType.Ping);
        await client.AssertAliveAsync(3);
        await client.SendAsync(Frames.Ping(ping.Payload, isAck: true));
        Frame goAway = await client.ReceiveAsync(FrameType.GoAway);
        await client.CallAsync(5, "Raw", [1]);
        await client.SyncAsync();
        client.Handlers.Release();
        Frame end = await client.ReceiveEndAsync(1);
        await client.Served;

        Assert.That(warning.Payload[..4], Is.EqualTo(new byte[] { 0x7f, 0xff, 0xff, 0xff }));
        Assert.That(goAway.Payload, Is.EqualTo(new byte[] { 0, 0, 0, 3, 0, 0, 0, 0 }));
        Assert.That(end.Type, Is.EqualTo(FrameType.Headers));
        Assert.That(await client.ReceiveAsync(), Is.Null, "Nothing comes for stream 5.");
    }

    [Test]
    public async Task A_client_that_answers_no_ping_is_let_go_by_the_clock()
    {
        await using EngineClient client = await EngineClient.StartAsync();
        await client.SyncAsync();

        client.Transport.RequestClose();
        client.Transport.Beat();
        Assert.That(client.Served.IsCompleted, Is.False);
        client.Time.Advance(TimeSpan.FromSeconds(1));
        client.Transport.Beat();

        await client.Served;
    }

    [Test]
    public async Task A_client_that_says_GOAWAY_has_its_calls_finished()
    {
        await using EngineClient client = await EngineClient.StartAsync();
        await client.CallAsync(1, "Unary", [0x1a, 4, .. "hold"u8]);
        await client.Handlers.Blocked;

        await client.SendAsync(Frames.Make(7, 0, 0, new byte[8]));
        Frame ping = await client.ReceiveAsync(FrameType.Ping);
        await client.SendAsync(Frames.Ping(ping.Payload, isAck: true));
        client.Handlers.Release();

        Assert.That((await client.ReceiveEndAsync(1)).Type, Is.EqualTo(FrameType.Headers));
        await client.Served;
    }

    [Test]
    public async Task A_lost_client_cancels_its_calls()
    {
        EngineClient client = await EngineClient.StartAsync();
        await client.CallAsync(1, "Unary", [0x1a, 5, .. "block"u8]);
        await client.Handlers.Blocked;

        await client.DisposeAsync();

        Assert.That(client.Handlers.Canceled.IsCompleted);
    }

    [Test]
    public async Task An_idle_connection_frees_its_streams_and_serves_on()
    {
        await using EngineClient client = await EngineClient.StartAsync();
        await client.AssertAliveAsync(1);
        client.Time.Advance(TimeSpan.FromSeconds(11));
        client.Transport.Beat();

        await client.AssertAliveAsync(3);
    }

    private static RpcServerOptions KeepAlive(RpcServerOptions options) => new()
    {
        Endpoints = options.Endpoints,
        Services = options.Services,
        KeepAliveInterval = TimeSpan.FromSeconds(30),
        KeepAliveTimeout = TimeSpan.FromSeconds(10),
    };
}

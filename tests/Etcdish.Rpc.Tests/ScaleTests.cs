using Etcdish.Rpc.Tests.Protos;

namespace Etcdish.Rpc.Tests;

/// <summary>Many connections and many streams at a time.</summary>
public class ScaleTests
{
    [Test]
    public Task A_thousand_idle_connections_cost_nobody_else() => IdleConnectionsAsync(1000);

    [Test]
    public async Task An_idle_connection_stays_by_default()
    {
        await using EchoServer server = await EchoServer.StartAsync();
        using RawHttp2Client client = await RawHttp2Client.ConnectAsync(server.Port);

        Task<Frame> end = client.ReceiveAsync(frame => frame.Type == FrameType.GoAway);

        // Two beats of the clock at which idle connections are looked for: only time can show that nothing comes.
        await Assert.ThatAsync(() => end.WaitAsync(TimeSpan.FromSeconds(2.5)), Throws.TypeOf<TimeoutException>());
    }

    [Test]
    public async Task A_thousand_streams_run_on_one_connection()
    {
        await using EchoServer server = await EchoServer.StartAsync();
        using var channel = new RpcChannel(new Uri(server.Url), new RpcChannelOptions { AllowMultipleConnections = false });
        var calls = new List<DuplexCall<EchoRequest, EchoResponse>>();
        for (int i = 0; i < 1000; i++)
        {
            calls.Add(channel.Duplex<EchoRequest, EchoResponse>("/etcdish.rpc.tests.Echo/RawDuplex", EchoResponse.Parser));
        }

        await Task.WhenAll(calls.Select((call, i) => call.WriteAsync(new EchoRequest { Count = i }).AsTask()));
        EchoResponse?[] responses = await Task.WhenAll(calls.Select(call => call.ReadAsync().AsTask()));
        calls.ForEach(call => call.Dispose());

        Assert.That(responses.Select(response => response?.Count ?? -1), Is.EqualTo(Enumerable.Range(0, 1000)));
    }

    [Test]
    public async Task A_connection_over_the_limit_is_closed_and_the_others_go_on()
    {
        await using EchoServer server = await EchoServer.StartAsync(options => new RpcServerOptions
        {
            Endpoints = options.Endpoints,
            Services = options.Services,
            MaxConnections = 2,
        });
        using RawHttp2Client first = await RawHttp2Client.ConnectAsync(server.Port);
        using RawHttp2Client second = await RawHttp2Client.ConnectAsync(server.Port);
        await first.ReceiveAsync(frame => frame.Type == FrameType.Settings);
        await second.ReceiveAsync(frame => frame.Type == FrameType.Settings);

        using RawHttp2Client third = await RawHttp2Client.ConnectSilentlyAsync(server.Port);

        Assert.That(await third.ReceiveAsync(), Is.Null);
        await first.OpenAsync(1, "Raw");
        await first.SendDataAsync(1, RawHttp2Client.Message("x"u8), end: true);
        Assert.That((await first.ReceiveEndAsync(1)).Type, Is.EqualTo(FrameType.Headers));
    }

    private static async Task IdleConnectionsAsync(int count)
    {
        await using EchoServer server = await EchoServer.StartAsync();
        var clients = new List<RawHttp2Client>(count);
        try
        {
            for (int i = 0; i < count; i++)
            {
                clients.Add(await RawHttp2Client.ConnectAsync(server.Port));
            }

            foreach (RawHttp2Client client in clients)
            {
                await client.OpenAsync(1, "Raw");
                await client.SendDataAsync(1, RawHttp2Client.Message("x"u8), end: true);
                Assert.That((await client.ReceiveEndAsync(1)).Type, Is.EqualTo(FrameType.Headers));
            }
        }
        finally
        {
            clients.ForEach(client => client.Dispose());
        }
    }
}

using System.Net;
using System.Net.Sockets;
using Etcdish.Rpc.Tests.Protos;

namespace Etcdish.Rpc.Tests;

/// <summary>What a client learns when there is no server, or one that goes away.</summary>
public class ClientFailureTests
{
    [Test]
    public async Task Nobody_listening_is_unavailable_and_provably_not_sent()
    {
        using var channel = new RpcChannel(new Uri($"http://127.0.0.1:{FreePort()}"));

        RpcException failure = await CallTests.FailureAsync(UnaryAsync(channel));

        Assert.That(failure.Code, Is.EqualTo(StatusCode.Unavailable));
        Assert.That(failure.RequestNotSent);
    }

    [Test]
    public async Task An_unknown_host_is_unavailable_and_provably_not_sent()
    {
        using var channel = new RpcChannel(new Uri("http://no-such-host.invalid:1"));

        RpcException failure = await CallTests.FailureAsync(UnaryAsync(channel));

        Assert.That(failure.Code, Is.EqualTo(StatusCode.Unavailable));
        Assert.That(failure.RequestNotSent);
    }

    [Test]
    public async Task A_server_that_dies_under_a_call_is_unavailable_and_nothing_is_proved()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var channel = new RpcChannel(new Uri($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}"));
        Task<EchoResponse> call = UnaryAsync(channel);
        using (Socket connection = await listener.AcceptSocketAsync())
        {
            // Settings, then wait for the request's message before dying.
            await connection.SendAsync(new byte[] { 0, 0, 0, 4, 0, 0, 0, 0, 0 });
            await ReceiveUntilDataAsync(connection);
        }

        RpcException failure = await CallTests.FailureAsync(call);

        Assert.That(failure.Code, Is.EqualTo(StatusCode.Unavailable));
        Assert.That(failure.RequestNotSent, Is.False);
    }

    [Test]
    public async Task A_write_after_the_servers_end_fails_and_reading_tells_why()
    {
        await using EchoServer server = await EchoServer.StartAsync();
        using var channel = new RpcChannel(new Uri(server.Url));
        using DuplexCall<EchoRequest, EchoResponse> call =
            channel.Duplex<EchoRequest, EchoResponse>("/etcdish.rpc.tests.Echo/Nope", EchoResponse.Parser);

        RpcException read = await CallTests.FailureAsync(call.ReadAsync().AsTask());
        RpcException write = await CallTests.FailureAsync(WriteUntilFailureAsync(call));

        Assert.That(read.Code, Is.EqualTo(StatusCode.Unimplemented));
        Assert.That(write.Code, Is.EqualTo(StatusCode.Unavailable));
    }

    [Test]
    public async Task An_answer_that_is_no_gRPC_is_told_as_what_it_is()
    {
        await using EchoServer server = await EchoServer.StartAsync(options => new RpcServerOptions
        {
            Endpoints = options.Endpoints,
            Services = new RpcServices(),
            Fallback = null,
        });
        using var channel = new RpcChannel(new Uri(server.Url));

        RpcException failure = await CallTests.FailureAsync(UnaryAsync(channel));

        Assert.That(failure.Code, Is.EqualTo(StatusCode.Unimplemented));
    }

    [Test]
    public async Task A_server_that_stops_ends_a_stream_as_unavailable()
    {
        EchoServer server = await EchoServer.StartAsync();
        using var channel = new RpcChannel(new Uri(server.Url));
        using DuplexCall<EchoRequest, EchoResponse> call =
            channel.Duplex<EchoRequest, EchoResponse>("/etcdish.rpc.tests.Echo/Duplex", EchoResponse.Parser);
        await call.WriteAsync(new EchoRequest());
        await call.ReadAsync();

        Task<EchoResponse?> read = call.ReadAsync().AsTask();
        await server.Server.StopAsync(TimeSpan.FromSeconds(20));

        Assert.That((await CallTests.FailureAsync(read)).Code, Is.EqualTo(StatusCode.Unavailable));
        await server.DisposeAsync();
    }

    [Test]
    public async Task The_channel_connects_again_after_a_restart()
    {
        EchoServer first = await EchoServer.StartAsync();
        int port = first.Port;
        using var channel = new RpcChannel(new Uri(first.Url));
        await UnaryAsync(channel);
        await first.DisposeAsync();
        await FailUntilNotSentAsync(channel);

        await using EchoServer second = await EchoServer.StartAsync(endPoint: new IPEndPoint(IPAddress.Loopback, port));

        Assert.That((await UnaryAsync(channel)).Count, Is.EqualTo(9));
    }

    [Test]
    public async Task A_cancelled_token_before_the_call_sends_nothing()
    {
        await using EchoServer server = await EchoServer.StartAsync();
        using var channel = new RpcChannel(new Uri(server.Url));
        using var cancel = new CancellationTokenSource();
        await cancel.CancelAsync();

        await Assert.ThatAsync(
            () => UnaryAsync(channel, new CallOptions { CancellationToken = cancel.Token }),
            Throws.InstanceOf<OperationCanceledException>());
    }

    [TestCase("ftp://127.0.0.1:1")]
    public void A_channel_needs_http_or_https(string address) =>
        Assert.That(() => new RpcChannel(new Uri(address)), Throws.ArgumentException);

    internal static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static Task<EchoResponse> UnaryAsync(RpcChannel channel, CallOptions options = default) =>
        channel.UnaryAsync("/etcdish.rpc.tests.Echo/Unary", new EchoRequest { Count = 9 }, EchoResponse.Parser, options);

    // The first calls may still go out on the dying connection, which proves nothing; then no new one can be made.
    private static async Task FailUntilNotSentAsync(RpcChannel channel)
    {
        RpcException failure;
        int calls = 0;
        do
        {
            failure = await CallTests.FailureAsync(UnaryAsync(channel));
            Assert.That(failure.Code, Is.EqualTo(StatusCode.Unavailable));
            Assert.That(++calls, Is.LessThan(1000));
        }
        while (!failure.RequestNotSent);
    }

    private static async Task WriteUntilFailureAsync(DuplexCall<EchoRequest, EchoResponse> call)
    {
        while (true)
        {
            await call.WriteAsync(new EchoRequest());
        }
    }

    private static async Task ReceiveUntilDataAsync(Socket connection)
    {
        using var stream = new NetworkStream(connection);
        byte[] preface = new byte[RawHttp2Client.Preface.Length];
        await stream.ReadExactlyAsync(preface);
        byte[] header = new byte[9];
        do
        {
            await stream.ReadExactlyAsync(header);
            await stream.ReadExactlyAsync(new byte[(header[0] << 16) | (header[1] << 8) | header[2]]);
        }
        while (header[3] != (byte)FrameType.Data);
    }
}

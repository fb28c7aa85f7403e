using Etcdish.Rpc.Tests.Protos;
using Google.Protobuf;

namespace Etcdish.Rpc.Tests;

/// <summary>All kinds of calls, our client against our server.</summary>
public class CallTests
{
    private EchoHandlers _handlers = null!;
    private EchoServer _server = null!;
    private RpcChannel _channel = null!;

    [SetUp]
    public async Task Start()
    {
        _handlers = new EchoHandlers();
        _server = await EchoServer.StartAsync(handlers: _handlers);
        _channel = new RpcChannel(new Uri(_server.Url));
    }

    [TearDown]
    public async Task Stop()
    {
        _channel.Dispose();
        await _server.DisposeAsync();
    }

    [TestCase("Unary", 0)]
    [TestCase("Unary", 100)]
    [TestCase("Raw", 1)]
    [TestCase("Raw", 5_000)]
    [TestCase("Raw", 3_000_000)]
    public async Task A_unary_call_brings_back_what_it_sent(string method, int size)
    {
        var request = new EchoRequest { Payload = Payload(size), Count = 7 };

        EchoResponse response = await UnaryAsync(request, method);

        Assert.That(response.Payload, Is.EqualTo(request.Payload));
        Assert.That(response.Count, Is.EqualTo(7));
    }

    [Test]
    public async Task Calls_run_side_by_side_on_one_connection()
    {
        EchoResponse[] responses = await Task.WhenAll(
            Enumerable.Range(0, 200).Select(i => UnaryAsync(new EchoRequest { Payload = Payload(i * 37), Count = i }, "Raw")));

        Assert.That(responses.Select(response => response.Count), Is.EqualTo(Enumerable.Range(0, 200)));
        Assert.That(responses.Select(response => response.Payload.Length), Is.EqualTo(Enumerable.Range(0, 200).Select(i => i * 37)));
    }

    [Test]
    public async Task A_server_stream_brings_all_messages_in_order()
    {
        using ServerStreamCall<EchoResponse> call = ServerStream(new EchoRequest { Count = 500, Payload = Payload(3000) });

        List<int> counts = [];
        await foreach (EchoResponse response in call.ReadAllAsync())
        {
            counts.Add(response.Count);
        }

        Assert.That(counts, Is.EqualTo(Enumerable.Range(0, 500)));
        Assert.That(call.Trailers.Get("grpc-status"), Is.EqualTo("0"));
    }

    [Test]
    public async Task A_client_stream_is_answered_once()
    {
        using DuplexCall<EchoRequest, EchoResponse> call = Duplex("ClientStream");
        for (int i = 0; i < 100; i++)
        {
            await call.WriteAsync(new EchoRequest { Payload = Payload(i) });
        }

        call.Complete();

        Assert.That((await call.ReadAsync())?.Count, Is.EqualTo(4950));
        Assert.That(await call.ReadAsync(), Is.Null);
    }

    [TestCase("Duplex")]
    [TestCase("RawDuplex")]
    public async Task A_duplex_call_goes_back_and_forth(string method)
    {
        using DuplexCall<EchoRequest, EchoResponse> call = Duplex(method);
        for (int i = 0; i < 50; i++)
        {
            await call.WriteAsync(new EchoRequest { Payload = Payload(i * 311), Count = i });
            EchoResponse? response = await call.ReadAsync();
            Assert.That(response?.Count, Is.EqualTo(i));
            Assert.That(response?.Payload.Length, Is.EqualTo(i * 311));
        }

        call.Complete();

        Assert.That(await call.ReadAsync(), Is.Null);
    }

    [Test]
    public async Task An_error_keeps_its_code_and_text([Range(1, 16)] int code)
    {
        RpcException failure = await FailureAsync(UnaryAsync(new EchoRequest { Command = "fail", Count = code }));

        Assert.That((int)failure.Code, Is.EqualTo(code));
        Assert.That(failure.Message, Is.EqualTo("key is not provided: 100 % schön"));
        Assert.That(failure.RequestNotSent, Is.False);
    }

    [Test]
    public async Task An_error_after_messages_comes_after_them()
    {
        using ServerStreamCall<EchoResponse> call = ServerStream(new EchoRequest { Command = "fail", Count = 2 });

        Assert.That((await call.ReadAsync())?.Count, Is.EqualTo(0));
        Assert.That((await call.ReadAsync())?.Count, Is.EqualTo(1));
        Assert.That((await FailureAsync(call.ReadAsync().AsTask())).Code, Is.EqualTo(StatusCode.Aborted));
    }

    [Test]
    public async Task A_bug_of_a_handler_is_reported_and_answered_without_its_text()
    {
        RpcException failure = await FailureAsync(UnaryAsync(new EchoRequest { Command = "bug" }));

        Assert.That(failure.Code, Is.EqualTo(StatusCode.Internal));
        Assert.That(failure.Message, Does.Not.Contain("bug"));
        Assert.That(EchoServer.Faults.Select(fault => fault.Message), Has.Member("a bug of the handler"));
        Assert.That((await UnaryAsync(new EchoRequest { Count = 1 })).Count, Is.EqualTo(1));
    }

    [TestCase("/etcdish.rpc.tests.Echo/Nope", "unknown method Nope for service etcdish.rpc.tests.Echo")]
    [TestCase("/other.Service/Nope", "unknown service other.Service")]
    [TestCase("/nothing", "malformed method name: \"/nothing\"")]
    public async Task An_unknown_method_is_unimplemented(string path, string text)
    {
        RpcException failure = await FailureAsync(_channel.UnaryAsync(path, new EchoRequest(), EchoResponse.Parser));

        Assert.That(failure.Code, Is.EqualTo(StatusCode.Unimplemented));
        Assert.That(failure.Message, Is.EqualTo(text));
    }

    [Test]
    public async Task A_passed_deadline_cancels_the_handler_and_fails_the_call()
    {
        Task<EchoResponse> call = UnaryAsync(
            new EchoRequest { Command = "block" }, options: new CallOptions { Timeout = TimeSpan.FromMilliseconds(50) });

        RpcException failure = await FailureAsync(call);
        await _handlers.Canceled;

        Assert.That(failure.Code, Is.EqualTo(StatusCode.DeadlineExceeded));
        Assert.That(failure.Message, Is.EqualTo("context deadline exceeded"));
    }

    [Test]
    public async Task The_server_learns_the_deadline()
    {
        EchoResponse response = await UnaryAsync(
            new EchoRequest { Command = "timeout" }, options: new CallOptions { Timeout = TimeSpan.FromSeconds(90) });

        Assert.That(response.Text, Is.EqualTo("00:01:30"));
    }

    [Test]
    public async Task A_cancelled_call_cancels_the_handler()
    {
        using var cancel = new CancellationTokenSource();
        Task<EchoResponse> call = UnaryAsync(
            new EchoRequest { Command = "block" }, options: new CallOptions { CancellationToken = cancel.Token });
        await _handlers.Blocked;

        await cancel.CancelAsync();

        await Assert.ThatAsync(() => call, Throws.InstanceOf<OperationCanceledException>());
        await _handlers.Canceled;
    }

    [Test]
    public async Task A_disposed_duplex_call_cancels_the_handler()
    {
        DuplexCall<EchoRequest, EchoResponse> call = Duplex("Duplex");
        await call.WriteAsync(new EchoRequest());
        await call.ReadAsync();

        call.Dispose();

        await _handlers.Canceled;
    }

    [Test]
    public async Task Metadata_reaches_the_handler()
    {
        var metadata = new Metadata();
        metadata.Add("x-text", "some text");
        metadata.Add("x-data-bin", [0, 255, 1, 254]);

        EchoResponse response = await UnaryAsync(
            new EchoRequest { Command = "metadata" }, options: new CallOptions { Metadata = metadata });

        Assert.That(response.Text, Is.EqualTo("some text"));
        Assert.That(response.Payload.ToByteArray(), Is.EqualTo(new byte[] { 0, 255, 1, 254 }));
    }

    [Test]
    public async Task A_message_over_the_limit_is_refused_and_the_connection_goes_on()
    {
        RpcException failure = await FailureAsync(UnaryAsync(new EchoRequest { Payload = Payload(4 * 1024 * 1024) }));

        Assert.That(failure.Code, Is.EqualTo(StatusCode.ResourceExhausted));
        Assert.That(failure.Message, Is.EqualTo("grpc: received message larger than max (4194309 vs. 4194304)"));
        Assert.That((await UnaryAsync(new EchoRequest { Count = 3 })).Count, Is.EqualTo(3));
    }

    [Test]
    public async Task The_client_refuses_a_message_over_its_limit()
    {
        using var channel = new RpcChannel(new Uri(_server.Url), new RpcChannelOptions { MaxReceiveMessageBytes = 1000 });

        RpcException failure = await FailureAsync(channel.UnaryAsync(
            "/etcdish.rpc.tests.Echo/Unary", new EchoRequest { Command = "size", Count = 2000 }, EchoResponse.Parser));

        Assert.That(failure.Code, Is.EqualTo(StatusCode.ResourceExhausted));
    }

    [Test]
    public async Task A_slow_reader_holds_the_writer_back()
    {
        using ServerStreamCall<EchoResponse> call = ServerStream(new EchoRequest { Count = 1000, Payload = Payload(100_000) });
        await call.ReadAsync();

        // 100 MB are wanted; windows and buffers hold far less.
        await SettleAsync(() => _handlers.ResponsesFlushed);

        Assert.That(_handlers.ResponsesFlushed, Is.LessThan(500));
    }

    internal static async Task<RpcException> FailureAsync(Task call)
    {
        try
        {
            await call;
        }
        catch (RpcException failure)
        {
            return failure;
        }

        throw new AssertionException("The call should have failed.");
    }

    internal static ByteString Payload(int size)
    {
        byte[] bytes = new byte[size];
        new Random(size).NextBytes(bytes);
        return ByteString.CopyFrom(bytes);
    }

    // Waits until a count that may only stand still stands still: a count that went on would fail the assertion later.
    private static async Task SettleAsync(Func<int> count)
    {
        int before;
        do
        {
            before = count();
            using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
            await tick.WaitForNextTickAsync();
        }
        while (count() != before);
    }

    private Task<EchoResponse> UnaryAsync(EchoRequest request, string method = "Unary", CallOptions options = default) =>
        _channel.UnaryAsync($"/etcdish.rpc.tests.Echo/{method}", request, EchoResponse.Parser, options);

    private ServerStreamCall<EchoResponse> ServerStream(EchoRequest request) =>
        _channel.ServerStream("/etcdish.rpc.tests.Echo/ServerStream", request, EchoResponse.Parser);

    private DuplexCall<EchoRequest, EchoResponse> Duplex(string method) =>
        _channel.Duplex<EchoRequest, EchoResponse>($"/etcdish.rpc.tests.Echo/{method}", EchoResponse.Parser);
}

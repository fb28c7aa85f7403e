using System.Net;
using Etcdish.Rpc.Tests.Protos;
using Microsoft.Extensions.Logging.Abstractions;

namespace Etcdish.Rpc.Tests;

/// <summary>Mistakes in the set-up of a server show when it is made.</summary>
public class RegistrationTests
{
    private readonly RpcService _service = new RpcServices().AddService(EchoServer.Descriptor);

    [Test]
    public void A_method_without_a_handler_is_named()
    {
        var services = new RpcServices();
        services.AddService(EchoServer.Descriptor).RawUnary("Raw", (_, _, _) => ValueTask.CompletedTask);

        Assert.That(
            () => new RpcServer(new RpcServerOptions { Endpoints = [Endpoint()], Services = services }),
            Throws.InvalidOperationException.With.Message.Contains("/etcdish.rpc.tests.Echo/Unary, "));
    }

    [Test]
    public void An_unknown_method_is_refused() =>
        Assert.That(() => _service.RawUnary("Nope", null!), Throws.ArgumentException.With.Message.Contains("has no method Nope"));

    [Test]
    public void Another_kind_is_refused() =>
        Assert.That(() => _service.RawUnary("Duplex", null!), Throws.ArgumentException.With.Message.Contains("another kind"));

    [Test]
    public void A_raw_stream_for_a_unary_method_is_refused() =>
        Assert.That(() => _service.RawStream("Unary", null!), Throws.ArgumentException.With.Message.Contains("is unary"));

    [Test]
    public void Other_messages_are_refused() =>
        Assert.That(
            () => _service.Unary<EchoResponse, EchoResponse>("Unary", (request, _) => ValueTask.FromResult(request)),
            Throws.ArgumentException.With.Message.Contains("takes etcdish.rpc.tests.EchoRequest"));

    [Test]
    public void A_second_handler_is_refused()
    {
        RpcService service = new RpcServices().AddService(EchoServer.Descriptor).RawUnary("Raw", (_, _, _) => ValueTask.CompletedTask);

        Assert.That(
            () => service.RawUnary("Raw", (_, _, _) => ValueTask.CompletedTask),
            Throws.ArgumentException.With.Message.Contains("has a handler"));
    }

    [Test]
    public void A_second_service_of_the_name_is_refused()
    {
        var services = new RpcServices();
        services.AddService(EchoServer.Descriptor);

        Assert.That(() => services.AddService(EchoServer.Descriptor), Throws.ArgumentException.With.Message.Contains("added before"));
    }

    [Test]
    public void Options_out_of_range_are_refused()
    {
        RpcServices services = new EchoHandlers().Register(new RpcServices());
        RpcServerOptions[] wrong =
        [
            new() { Services = services, Endpoints = [] },
            new() { Services = services, Endpoints = [Endpoint()], MaxReceiveMessageBytes = 0 },
            new() { Services = services, Endpoints = [Endpoint()], MaxStreamsPerConnection = 0 },
            new() { Services = services, Endpoints = [Endpoint()], MaxStreamsPerConnection = int.MaxValue },
            new() { Services = services, Endpoints = [Endpoint()], MaxConnections = 0 },
            new() { Services = services, Endpoints = [Endpoint()], ConnectionWindowBytes = 1000 },
            new() { Services = services, Endpoints = [Endpoint()], HandshakeTimeout = Timeout.InfiniteTimeSpan },
            new() { Services = services, Endpoints = [Endpoint()], KeepAliveInterval = TimeSpan.Zero },
        ];

        foreach (RpcServerOptions options in wrong)
        {
            Assert.That(() => new RpcServer(options), Throws.InstanceOf<ArgumentException>());
        }
    }

    [Test]
    public async Task An_observer_counts_calls_and_messages()
    {
        var counter = new Counter();
        await using EchoServer server = await EchoServer.StartAsync(options => new RpcServerOptions
        {
            Endpoints = options.Endpoints,
            Services = options.Services,
            Observer = counter,
            LoggerFactory = NullLoggerFactory.Instance,
        });
        using var channel = new RpcChannel(new Uri(server.Url));
        await channel.UnaryAsync("/etcdish.rpc.tests.Echo/Raw", new EchoRequest { Count = 300 }, EchoResponse.Parser);
        await CallTests.FailureAsync(channel.UnaryAsync(
            "/etcdish.rpc.tests.Echo/Unary", new EchoRequest { Command = "fail", Count = 3 }, EchoResponse.Parser));
        await server.Server.StopAsync(TimeSpan.FromSeconds(20));

        Assert.That(counter.Lines, Is.EqualTo(new[]
        {
            "start Raw", "received 3", "sent 3", "end Ok", "start Unary", "received 8", "end InvalidArgument",
        }));
        Assert.That(server.Server.Methods.Select(method => method.Index), Is.EqualTo(Enumerable.Range(0, 6)));
    }

    private static RpcEndpoint Endpoint() => new(new IPEndPoint(IPAddress.Loopback, 0));

    private sealed class Counter : RpcObserver
    {
        private readonly Lock _gate = new();

        public List<string> Lines { get; } = [];

        public override void CallStarted(RpcMethod method) => Add($"start {method.Name}");

        public override void CallEnded(RpcMethod method, StatusCode status, TimeSpan elapsed) => Add($"end {status}");

        public override void MessageReceived(RpcMethod method, int bytes) => Add($"received {bytes}");

        public override void MessageSent(RpcMethod method, int bytes) => Add($"sent {bytes}");

        private void Add(string line)
        {
            lock (_gate)
            {
                Lines.Add(line);
            }
        }
    }
}

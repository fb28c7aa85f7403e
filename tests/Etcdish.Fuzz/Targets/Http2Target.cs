using Etcdish.Protos.Health;
using Etcdish.Rpc;
using Etcdish.Rpc.Http2;
using Etcdish.Rpc.Tests.Http2;

namespace Etcdish.Fuzz.Targets;

/// <summary>
/// Whole connections to the HTTP/2 engine: calls in every form that the protocol allows, with frames changed, lost, doubled and made up.
/// The engine must end each, without an exception, having sent nothing unlawful.
/// </summary>
internal sealed class Http2Target : IFuzzTarget
{
    private readonly ConversationMaker _maker = new("/grpc.health.v1.Health/Check");
    private readonly Http2Service _service;

    public Http2Target()
    {
        var services = new RpcServices();
        services.AddService(HealthReflection.Descriptor.Services[0])
            .RawUnary("Check", Echo, inline: true)
            .RawStream("Watch", static (_, _, _) => ValueTask.CompletedTask);
        var endpoint = new RpcEndpoint(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        var options = new RpcServerOptions { Endpoints = [endpoint], Services = services };
        var application = new RpcApplication(services.Build(), options, CancellationToken.None);
        _service = new Http2Service(application, new FallbackApplication(options), options, TimeProvider.System);
    }

    public string Name => "http2";

    public byte[] MakeInput(Random random) => _maker.MakeBroken(random);

    public bool Accepts(byte[] input)
    {
        try
        {
            // The cuts follow from the input alone, so that the same input takes the same course.
            var random = new Random(input.Length);
            return EngineRun.Run(_service, ConversationMaker.Cut(input, random)).GoAwayCode is null;
        }
        catch (InvalidDataException unlawful)
        {
            throw new ContractException(unlawful.Message);
        }
    }

    private static ValueTask Echo(ReadOnlyMemory<byte> request, RpcResponse response, ServerCall call)
    {
        response.Write(request.Span);
        return ValueTask.CompletedTask;
    }
}

using System.Buffers.Binary;
using System.IO.Pipelines;
using Etcdish.Fuzz.Inputs;
using Etcdish.Protos;
using Etcdish.Rpc;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Etcdish.Fuzz.Targets;

/// <summary>
/// The server's way from a request body in pieces to messages, against a few lines that do the same on whole bytes: the same messages,
/// then the same status.
/// </summary>
internal sealed class GrpcFramingTarget : IFuzzTarget
{
    private const int MaxMessageBytes = 200;

    private readonly RpcApplication _application;
    private readonly RpcMethod _method;

    public GrpcFramingTarget()
    {
        var services = new RpcServices();
        services.AddService(WatchReflection.Descriptor.Services[0]).RawStream("Watch", static (_, _, _) => ValueTask.CompletedTask);
        var methods = services.Build();
        var endpoint = new RpcEndpoint(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        var options = new RpcServerOptions { Endpoints = [endpoint], Services = services, MaxReceiveMessageBytes = MaxMessageBytes };
        _application = new RpcApplication(methods, options, CancellationToken.None);
        _method = methods.Values[0];
    }

    public string Name => "grpcFraming";

    public byte[] MakeInput(Random random) => InputMutator.MakeInput(random, static r => GrpcBodies.Make(r, RandomMessages.Watch));

    public bool Accepts(byte[] input)
    {
        var expected = Model(input, out var expectedStatus);
        var call = Begin(input);
        var messages = 0;
        var status = StatusCode.Ok;
        try
        {
            while (call.Requests.MoveNextAsync().AsTask().GetAwaiter().GetResult())
            {
                if (messages == expected.Count || !call.Requests.Current.Span.SequenceEqual(expected[messages].Span))
                {
                    throw new ContractException($"message {messages} is not the one that was sent");
                }

                messages++;
            }
        }
        catch (RpcException refusal)
        {
            status = refusal.Code;
        }

        call.EndMethod(status);
        call.End();
        return (messages, status) == (expected.Count, expectedStatus)
            ? status == StatusCode.Ok
            : throw new ContractException($"{messages} messages and {status} instead of {expected.Count} and {expectedStatus}");
    }

    private ServerCall Begin(byte[] body)
    {
        var features = new FeatureCollection();
        features.Set<IHttpRequestFeature>(new HttpRequestFeature());
        features.Set<IHttpResponseFeature>(new HttpResponseFeature());
        features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(Stream.Null));
        features.Set<IHttpRequestLifetimeFeature>(new HttpRequestLifetimeFeature());
        features.Set<IRequestBodyPipeFeature>(new Body(PipeReader.Create(GrpcBodies.InPieces(body))));
        var call = _application.CreateContext(features);
        call.BeginMethod(_method);
        return call;
    }

    private static List<ReadOnlyMemory<byte>> Model(byte[] body, out StatusCode status)
    {
        var messages = new List<ReadOnlyMemory<byte>>();
        status = StatusCode.Ok;
        for (var at = 0; at < body.Length && status == StatusCode.Ok;)
        {
            var rest = body.AsMemory(at);
            var length = rest.Length < 5 ? 0 : BinaryPrimitives.ReadUInt32BigEndian(rest.Span[1..]);
            if (rest.Length < 5 || rest.Span[0] > 1)
            {
                status = StatusCode.Internal;
            }
            else if (length > MaxMessageBytes)
            {
                status = StatusCode.ResourceExhausted;
            }
            else if (rest.Length < 5 + length || rest.Span[0] == 1)
            {
                // Cut off, or compressed in a call that named no compression.
                status = StatusCode.Internal;
            }
            else
            {
                messages.Add(rest.Slice(5, (int)length));
                at += 5 + (int)length;
            }
        }

        return messages;
    }

    private sealed record Body(PipeReader Reader) : IRequestBodyPipeFeature;
}

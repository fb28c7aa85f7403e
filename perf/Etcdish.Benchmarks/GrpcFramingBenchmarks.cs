using System.Buffers.Binary;
using BenchmarkDotNet.Attributes;
using Etcdish.Benchmarks.Support;
using Etcdish.Protos;
using Etcdish.Rpc;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Etcdish.Benchmarks;

/// <summary>From a request body that has arrived to a message of 270 bytes, without Kestrel.</summary>
[MemoryDiagnoser]
public class GrpcFramingBenchmarks
{
    private const int MessageBytes = 270;

    private ServerCall _call = null!;

    [GlobalSetup]
    public void Begin()
    {
        var services = new RpcServices();
        services.AddService(WatchReflection.Descriptor.Services[0]).RawStream("Watch", static (_, _, _) => ValueTask.CompletedTask);
        var methods = services.Build();
        var endpoint = new RpcEndpoint(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        var application = new RpcApplication(
            methods, new RpcServerOptions { Endpoints = [endpoint], Services = services }, CancellationToken.None);
        var framed = new byte[5 + MessageBytes];
        BinaryPrimitives.WriteInt32BigEndian(framed.AsSpan(1), MessageBytes);
        var features = new FeatureCollection();
        features.Set<IHttpRequestFeature>(new HttpRequestFeature());
        features.Set<IHttpResponseFeature>(new HttpResponseFeature());
        features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(Stream.Null));
        features.Set<IHttpRequestLifetimeFeature>(new HttpRequestLifetimeFeature());
        features.Set<IRequestBodyPipeFeature>(new Body(new RepeatingPipe(framed)));
        _call = application.CreateContext(features);
        _call.BeginMethod(methods.Values[0]);
    }

    [Benchmark]
    public async ValueTask<int> Message()
    {
        await _call.Requests.MoveNextAsync();
        return _call.Requests.Current.Length;
    }

    private sealed record Body(System.IO.Pipelines.PipeReader Reader) : IRequestBodyPipeFeature;
}

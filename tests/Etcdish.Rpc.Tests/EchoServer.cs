using System.Collections.Concurrent;
using System.Net;
using Etcdish.Rpc.Tests.Protos;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace Etcdish.Rpc.Tests;

/// <summary>A server with the Echo service on a free port of the loopback address; its handlers obey "command".</summary>
internal sealed class EchoServer : IAsyncDisposable
{
    private EchoServer(RpcServer server, RpcEndpoint endpoint)
    {
        Server = server;
        Endpoint = endpoint;
    }

    public RpcServer Server { get; }

    public RpcEndpoint Endpoint { get; }

    public int Port => ((IPEndPoint)Endpoint.EndPoint).Port;

    public string Url => $"http://127.0.0.1:{Port}";

    public static ConcurrentQueue<Exception> Faults { get; } = new();

    public static Google.Protobuf.Reflection.ServiceDescriptor Descriptor => EchoReflection.Descriptor.Services[0];

    /// <summary>Starts one;</summary>
    public static async Task<EchoServer> StartAsync(
        Func<RpcServerOptions, RpcServerOptions>? change = null,
        HttpsConnectionAdapterOptions? tls = null,
        EchoHandlers? handlers = null,
        EndPoint? endPoint = null)
    {
        var endpoint = new RpcEndpoint(endPoint ?? new IPEndPoint(IPAddress.Loopback, 0)) { Tls = tls };
        RpcServerOptions options = Options(endpoint, handlers ?? new EchoHandlers());
        var server = new RpcServer(change?.Invoke(options) ?? options);
        try
        {
            await server.StartAsync();
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }

        return new EchoServer(server, endpoint);
    }

    public static RpcServerOptions Options(RpcEndpoint endpoint, EchoHandlers handlers) => new()
    {
        Endpoints = [endpoint],
        Services = handlers.Register(new RpcServices()),
        Fallback = context => context.Response.WriteAsync($"plain {context.Request.Protocol} {context.Request.Path}"),
        OnHandlerFault = (_, fault) => Faults.Enqueue(fault),
    };

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}

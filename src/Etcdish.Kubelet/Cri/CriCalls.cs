using System.Net.Sockets;
using Etcdish.Kubelet.Runtime;
using Etcdish.Rpc;
using Google.Protobuf;

namespace Etcdish.Kubelet.Cri;

/// <summary>
/// Calls to a runtime's socket. After a loss, such as a restart of the runtime, the next call connects anew. Safe for use by many threads.
/// </summary>
internal sealed class CriCalls : IDisposable
{
    private const string UnixScheme = "unix://";

    /// <summary>How long a call may take that does not itself wait for something.</summary>
    private static readonly TimeSpan _limit = TimeSpan.FromMinutes(2);

    private readonly RpcChannel _channel;

    /// <param name="endpoint">A Unix socket, <c>unix:///run/x.sock</c> or its path.</param>
    /// <exception cref="RuntimeException">It is something else.</exception>
    public CriCalls(string endpoint)
    {
        var path = endpoint.StartsWith(UnixScheme, StringComparison.Ordinal) ? endpoint[UnixScheme.Length..] : endpoint;
        if (!path.StartsWith('/'))
        {
            throw new RuntimeException(
                $"the endpoint of a container runtime is a Unix socket such as unix:///run/containerd/containerd.sock, not {endpoint}");
        }

        _channel = new RpcChannel(
            new Uri("http://localhost"),
            new RpcChannelOptions { EndPoint = new UnixDomainSocketEndPoint(path) });
    }

    /// <summary>Calls a method of the RuntimeService.</summary>
    /// <param name="method">The method, without its service.</param>
    /// <param name="request">The request.</param>
    /// <param name="parser">Reads the answer.</param>
    /// <param name="cancellation">Ends the call.</param>
    /// <param name="waits">How long the runtime itself may wait before it does what is asked.</param>
    /// <exception cref="RuntimeException">It failed; <see cref="RpcException"/> is within.</exception>
    public Task<TResponse> RuntimeAsync<TRequest, TResponse>(
        string method, TRequest request, MessageParser<TResponse> parser, CancellationToken cancellation, TimeSpan waits = default)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse> =>
        CallAsync($"/runtime.v1.RuntimeService/{method}", request, parser, _limit + waits, cancellation);

    /// <summary>Calls a method of the ImageService.</summary>
    /// <param name="method">The method, without its service.</param>
    /// <param name="request">The request.</param>
    /// <param name="parser">Reads the answer.</param>
    /// <param name="limit">How long it may take; null: the usual time.</param>
    /// <param name="cancellation">Ends the call.</param>
    /// <exception cref="RuntimeException">It failed; <see cref="RpcException"/> is within.</exception>
    public Task<TResponse> ImagesAsync<TRequest, TResponse>(
        string method, TRequest request, MessageParser<TResponse> parser, TimeSpan? limit, CancellationToken cancellation)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse> =>
        CallAsync($"/runtime.v1.ImageService/{method}", request, parser, limit ?? _limit, cancellation);

    /// <summary>Calls a method that tells what happens, for as long as it does.</summary>
    public ServerStreamCall<TResponse> Events<TRequest, TResponse>(
        string method, TRequest request, MessageParser<TResponse> parser, CancellationToken cancellation)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse> =>
        _channel.ServerStream(method, request, parser, new CallOptions { CancellationToken = cancellation });

    public void Dispose() => _channel.Dispose();

    private async Task<TResponse> CallAsync<TRequest, TResponse>(
        string method, TRequest request, MessageParser<TResponse> parser, TimeSpan limit, CancellationToken cancellation)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>
    {
        try
        {
            var options = new CallOptions { Timeout = limit, CancellationToken = cancellation };
            return await _channel.UnaryAsync(method, request, parser, options);
        }
        catch (RpcException e)
        {
            throw new RuntimeException(e.Message, e.Code == StatusCode.NotFound, e);
        }
    }
}

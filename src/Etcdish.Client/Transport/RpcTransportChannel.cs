using System.Runtime.CompilerServices;
using Etcdish.Rpc;
using Google.Protobuf;

namespace Etcdish.Client.Transport;

/// <summary>An endpoint reached through gRPC.</summary>
internal sealed class RpcTransportChannel : ITransportChannel
{
    private readonly RpcChannel _channel;

    public RpcTransportChannel(string address, EtcdClientOptions options)
    {
        _channel = new RpcChannel(
            new Uri(address),
            new RpcChannelOptions
            {
                ConnectTimeout = options.DialTimeout,
                Tls = options.Tls,
                KeepAliveInterval = options.KeepAliveInterval,
                KeepAliveTimeout = options.KeepAliveTimeout,
            });
    }

    public Task<TResponse> UnaryAsync<TRequest, TResponse>(
        EtcdMethod<TRequest, TResponse> method, TRequest request, CallMetadata metadata, CancellationToken cancellationToken)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>, new() =>
        _channel.UnaryAsync(method.Path, request, method.ResponseParser, Options(metadata, cancellationToken));

    public async IAsyncEnumerable<TResponse> ServerStreamAsync<TRequest, TResponse>(
        EtcdMethod<TRequest, TResponse> method, TRequest request, CallMetadata metadata,
        [EnumeratorCancellation] CancellationToken cancellationToken)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>, new()
    {
        using ServerStreamCall<TResponse> call =
            _channel.ServerStream(method.Path, request, method.ResponseParser, Options(metadata, cancellationToken));
        await foreach (TResponse response in call.ReadAllAsync())
        {
            yield return response;
        }
    }

    public IDuplexStream<TRequest, TResponse> OpenDuplex<TRequest, TResponse>(
        EtcdMethod<TRequest, TResponse> method, CallMetadata metadata, CancellationToken cancellationToken)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>, new() =>
        new Duplex<TRequest, TResponse>(
            _channel.Duplex<TRequest, TResponse>(method.Path, method.ResponseParser, Options(metadata, cancellationToken)));

    public void Dispose() => _channel.Dispose();

    private static CallOptions Options(CallMetadata metadata, CancellationToken cancellationToken) =>
        new() { Metadata = metadata.ToHeaders(), CancellationToken = cancellationToken };

    private sealed class Duplex<TRequest, TResponse>(DuplexCall<TRequest, TResponse> call) : IDuplexStream<TRequest, TResponse>
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>, new()
    {
        public ValueTask WriteAsync(TRequest message) => call.WriteAsync(message);

        public IAsyncEnumerable<TResponse> ReadAllAsync() => call.ReadAllAsync();

        public void Dispose() => call.Dispose();
    }
}

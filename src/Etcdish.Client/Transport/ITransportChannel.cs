using Google.Protobuf;

namespace Etcdish.Client.Transport;

/// <summary>
/// Connections to one endpoint. Every failure is an <see cref="Rpc.RpcException"/>; one that happened before the request could leave
/// this process says so through <see cref="DeliveryFailure.NeverLeft"/>.
/// </summary>
internal interface ITransportChannel : IAsyncDisposable
{
    Task<TResponse> UnaryAsync<TRequest, TResponse>(
        EtcdMethod<TRequest, TResponse> method, TRequest request, CallMetadata metadata, CancellationToken cancellationToken)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>, new();

    IAsyncEnumerable<TResponse> ServerStreamAsync<TRequest, TResponse>(
        EtcdMethod<TRequest, TResponse> method, TRequest request, CallMetadata metadata, CancellationToken cancellationToken)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>, new();

    /// <summary>Opens a stream in both directions. Failure to connect shows at the first read or write.</summary>
    IDuplexStream<TRequest, TResponse> OpenDuplex<TRequest, TResponse>(
        EtcdMethod<TRequest, TResponse> method, CallMetadata metadata, CancellationToken cancellationToken)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>, new();
}

/// <summary>A stream in both directions; one reader and one writer at a time. Disposal cancels what still runs.</summary>
internal interface IDuplexStream<in TRequest, TResponse> : IAsyncDisposable
{
    Task WriteAsync(TRequest message, CancellationToken cancellationToken);

    /// <summary>Responses until the server ends the stream; a status other than OK is thrown.</summary>
    IAsyncEnumerable<TResponse> ReadAllAsync(CancellationToken cancellationToken);
}

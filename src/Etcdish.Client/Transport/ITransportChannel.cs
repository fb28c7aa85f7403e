using Google.Protobuf;

namespace Etcdish.Client.Transport;

/// <summary>
/// Connections to one endpoint: a seam, so that tests can fail calls in every way. Failures are <see cref="Rpc.RpcException"/>s, which
/// tell whether the request can have left this process.
/// </summary>
internal interface ITransportChannel : IDisposable
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

/// <summary>A stream in both directions; one reader and one writer at a time. Disposal, or the token it was opened with, ends it.</summary>
internal interface IDuplexStream<in TRequest, TResponse> : IDisposable
{
    ValueTask WriteAsync(TRequest message);

    /// <summary>Responses until the server ends the stream; a status other than OK is thrown.</summary>
    IAsyncEnumerable<TResponse> ReadAllAsync();
}

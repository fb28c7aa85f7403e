namespace Etcdish.Rpc;

/// <summary>
/// A unary method on bytes, for hot paths. The request bytes are the transport's own buffer where possible: they are
/// valid until the returned task completes, and not after. The handler writes exactly one message to <paramref name="response"/>.
/// </summary>
/// <param name="request">The one message of the request, decompressed.</param>
/// <param name="response">Takes the one message of the answer.</param>
/// <param name="call">The call; valid until the returned task completes.</param>
public delegate ValueTask RawUnaryHandler(ReadOnlyMemory<byte> request, RpcResponse response, ServerCall call);

/// <summary>A method of any kind on bytes, for streams that carry much.</summary>
/// <param name="requests">The messages of the client, in order.</param>
/// <param name="responses">Takes the messages of the server; flush to send.</param>
/// <param name="call">The call; valid until the returned task completes.</param>
public delegate ValueTask RawStreamHandler(RpcRequests requests, RpcResponse responses, ServerCall call);

/// <summary>A unary method on messages.</summary>
/// <typeparam name="TRequest">The request message.</typeparam>
/// <typeparam name="TResponse">The response message.</typeparam>
/// <param name="request">The request.</param>
/// <param name="call">The call; valid until the returned task completes.</param>
public delegate ValueTask<TResponse> UnaryHandler<TRequest, TResponse>(TRequest request, ServerCall call);

/// <summary>A method that answers one message with a stream.</summary>
/// <typeparam name="TRequest">The request message.</typeparam>
/// <typeparam name="TResponse">The response message.</typeparam>
/// <param name="request">The request.</param>
/// <param name="responses">Takes the answers.</param>
/// <param name="call">The call; valid until the returned task completes.</param>
public delegate Task ServerStreamHandler<TRequest, TResponse>(TRequest request, ResponseStream<TResponse> responses, ServerCall call)
    where TResponse : class, Google.Protobuf.IMessage<TResponse>;

/// <summary>A method that answers a stream with one message.</summary>
/// <typeparam name="TRequest">The request message.</typeparam>
/// <typeparam name="TResponse">The response message.</typeparam>
/// <param name="requests">The requests, to be enumerated once.</param>
/// <param name="call">The call; valid until the returned task completes.</param>
public delegate Task<TResponse> ClientStreamHandler<TRequest, TResponse>(IAsyncEnumerable<TRequest> requests, ServerCall call);

/// <summary>A method with a stream in both directions.</summary>
/// <typeparam name="TRequest">The request message.</typeparam>
/// <typeparam name="TResponse">The response message.</typeparam>
/// <param name="requests">The requests, to be enumerated once.</param>
/// <param name="responses">Takes the answers; may be written while requests are awaited.</param>
/// <param name="call">The call; valid until the returned task completes.</param>
public delegate Task DuplexHandler<TRequest, TResponse>(
    IAsyncEnumerable<TRequest> requests, ResponseStream<TResponse> responses, ServerCall call)
    where TResponse : class, Google.Protobuf.IMessage<TResponse>;

/// <summary>Runs one call from its first message to its last; throws what the status shall say.</summary>
internal delegate ValueTask CallInvoker(ServerCall call);

using System.Runtime.CompilerServices;
using Etcdish.Rpc.Wire;
using Google.Protobuf;

namespace Etcdish.Rpc;

/// <summary>What happens between the dispatcher and a handler, one method for each kind of handler.</summary>
internal static class Invokers
{
    [AsyncMethodBuilder(typeof(RecyclingMethodBuilder))]
    public static async ValueTask RawUnaryAsync(ServerCall call, RawUnaryHandler handler)
    {
        await ReadOnlyMessageAsync(call).ConfigureAwait(false);
        await handler(call.Requests.Current, call.Response, call).ConfigureAwait(false);
        if (call.Response.MessageCount != 1)
        {
            throw new InvalidOperationException($"{call.Method} ended without its answer.");
        }
    }

    public static ValueTask RawStreamAsync(ServerCall call, RawStreamHandler handler) =>
        handler(call.Requests, call.Response, call);

    public static async ValueTask UnaryAsync<TRequest, TResponse>(ServerCall call, UnaryHandler<TRequest, TResponse> handler)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>
    {
        await ReadOnlyMessageAsync(call).ConfigureAwait(false);
        TResponse response = await handler(Parse<TRequest>(call), call).ConfigureAwait(false);
        call.Response.Write(response);
    }

    public static async ValueTask ServerStreamAsync<TRequest, TResponse>(
        ServerCall call, ServerStreamHandler<TRequest, TResponse> handler)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>
    {
        await ReadOnlyMessageAsync(call).ConfigureAwait(false);
        await handler(Parse<TRequest>(call), new ResponseStream<TResponse>(call.Response), call).ConfigureAwait(false);
    }

    public static async ValueTask ClientStreamAsync<TRequest, TResponse>(
        ServerCall call, ClientStreamHandler<TRequest, TResponse> handler)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>
    {
        TResponse response = await handler(ReadAllAsync<TRequest>(call), call).ConfigureAwait(false);
        call.Response.Write(response);
    }

    public static async ValueTask DuplexAsync<TRequest, TResponse>(ServerCall call, DuplexHandler<TRequest, TResponse> handler)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>
    {
        await handler(ReadAllAsync<TRequest>(call), new ResponseStream<TResponse>(call.Response), call).ConfigureAwait(false);
    }

    [AsyncMethodBuilder(typeof(RecyclingMethodBuilder))]
    private static async ValueTask ReadOnlyMessageAsync(ServerCall call)
    {
        if (!await call.Requests.MoveNextAsync().ConfigureAwait(false))
        {
            throw new RpcException(StatusCode.Internal, "the call ended without a request message");
        }

        // More than came along is not waited for: the handler shall not pay a round trip for a client's bug.
        if (call.Requests.HasMore)
        {
            throw new RpcException(StatusCode.Internal, $"{call.Method.FullName} takes one request message, but more were sent");
        }
    }

    private static async IAsyncEnumerable<TRequest> ReadAllAsync<TRequest>(ServerCall call)
        where TRequest : class, IMessage<TRequest>, new()
    {
        while (await call.Requests.MoveNextAsync().ConfigureAwait(false))
        {
            yield return Parse<TRequest>(call);
        }
    }

    private static TRequest Parse<TRequest>(ServerCall call)
        where TRequest : class, IMessage<TRequest>, new()
    {
        var request = new TRequest();
        if (!MalformedProtobuf.LengthsFit(call.Requests.Current.Span, request.Descriptor))
        {
            throw RpcException.Unmarshalling(new InvalidDataException("unexpected EOF"));
        }

        try
        {
            request.MergeFrom(call.Requests.Current.Span);
        }
        catch (Exception malformed) when (MalformedProtobuf.IsSignOf(malformed))
        {
            throw RpcException.Unmarshalling(malformed);
        }

        return request;
    }
}

using Google.Protobuf;

namespace Etcdish.Rpc;

/// <summary>
/// A running call with a stream of responses. Dispose it: a call left before its end is reset so that the server learns of it.
/// </summary>
/// <typeparam name="TResponse">The response message.</typeparam>
public class ServerStreamCall<TResponse> : IDisposable
    where TResponse : class, IMessage<TResponse>
{
    private readonly ClientCall _call;
    private readonly MessageParser<TResponse> _parser;

    internal ServerStreamCall(ClientCall call, MessageParser<TResponse> parser)
    {
        _call = call;
        _parser = parser;
    }

    /// <summary>Metadata that came after the last message; ask when the responses have ended.</summary>
    /// <exception cref="InvalidOperationException">The call has not ended.</exception>
    public Metadata Trailers => _call.Trailers();

    private protected ClientCall Call => _call;

    /// <summary>Waits for the response's headers. A server may keep them back until its first message.</summary>
    /// <exception cref="RpcException">The call failed.</exception>
    public ValueTask<Metadata> HeadersAsync() => _call.HeadersAsync();

    /// <summary>The next response; null when the call has ended with OK. One reader at a time.</summary>
    /// <exception cref="RpcException">The call ended with another status, the deadline passed, or the connection was lost.</exception>
    /// <exception cref="OperationCanceledException">The caller's token was cancelled, or the call disposed.</exception>
    public ValueTask<TResponse?> ReadAsync() => _call.ReadAsync(_parser);

    /// <summary>All responses up to the end, which throws unless the status is OK.</summary>
    /// <exception cref="RpcException">As with <see cref="ReadAsync"/>.</exception>
    public async IAsyncEnumerable<TResponse> ReadAllAsync()
    {
        while (await ReadAsync().ConfigureAwait(false) is { } response)
        {
            yield return response;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _call.Dispose();
        GC.SuppressFinalize(this);
    }
}

/// <summary>A running call with streams both ways, or (read one response) with a stream of requests only.</summary>
/// <typeparam name="TRequest">The request message.</typeparam>
/// <typeparam name="TResponse">The response message.</typeparam>
public sealed class DuplexCall<TRequest, TResponse> : ServerStreamCall<TResponse>
    where TRequest : class, IMessage<TRequest>
    where TResponse : class, IMessage<TResponse>
{
    private readonly MessageStreamContent _requests;

    internal DuplexCall(ClientCall call, MessageStreamContent requests, MessageParser<TResponse> parser)
        : base(call, parser)
    {
        _requests = requests;
    }

    /// <summary>Sends one message; completes when the transport took it, so a slow server slows the writer. One writer at a time.</summary>
    /// <param name="request">The message.</param>
    /// <exception cref="RpcException">
    /// The call failed or the server has ended it (Unavailable); which status it ended with is learnt by reading the responses.
    /// </exception>
    /// <exception cref="OperationCanceledException">The caller's token was cancelled, or the call disposed.</exception>
    public async ValueTask WriteAsync(TRequest request)
    {
        try
        {
            await _requests.WriteAsync(request, Call.EndToken).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is not RpcException)
        {
            throw Call.Explain(failure);
        }
    }

    /// <summary>Tells the server that no more requests follow; responses may still be read.</summary>
    public void Complete() => _requests.Complete();
}

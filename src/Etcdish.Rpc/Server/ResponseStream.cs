using Google.Protobuf;

namespace Etcdish.Rpc;

/// <summary>The messages that a server sends on a stream. One write at a time.</summary>
/// <typeparam name="T">The message.</typeparam>
public sealed class ResponseStream<T>
    where T : class, IMessage<T>
{
    private readonly RpcResponse _response;

    internal ResponseStream(RpcResponse response) => _response = response;

    /// <summary>Sends one message; completes when the transport took it, so a slow client slows the writer.</summary>
    /// <param name="message">The message.</param>
    /// <exception cref="OperationCanceledException">The client is gone, the deadline has passed, or the server stops.</exception>
    public ValueTask WriteAsync(T message)
    {
        _response.Write(message);
        return _response.FlushAsync();
    }
}

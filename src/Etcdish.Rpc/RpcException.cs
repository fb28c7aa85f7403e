namespace Etcdish.Rpc;

/// <summary>A call that ended with a status other than OK. A handler throws it to answer so; a client gets it thrown.</summary>
/// <param name="code">gRPC status code, not <see cref="StatusCode.Ok"/>.</param>
/// <param name="message">Text for the caller; sent percent-encoded as grpc-message.</param>
/// <param name="inner">What caused it, if anything.</param>
public sealed class RpcException(StatusCode code, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>gRPC status code.</summary>
    public StatusCode Code { get; } = code;

    /// <summary>
    /// True when the client knows that no server can have run the call: no connection was made, or not one byte of
    /// the request message left. Repeating such a call is safe even if it is not idempotent. False means "unknown".
    /// </summary>
    public bool RequestNotSent { get; init; }

    /// <summary>The answer to a request whose bytes are not its message, in the words that etcd's clients know.</summary>
    /// <param name="malformed">What the parser found.</param>
    public static RpcException Unmarshalling(Exception malformed)
    {
        ArgumentNullException.ThrowIfNull(malformed);

        // The parser has no code for "truncated"; its text is the only sign.
        string reason = malformed.Message.Contains("ended unexpectedly", StringComparison.Ordinal) ? "unexpected EOF" : malformed.Message;
        return new RpcException(StatusCode.Internal, $"grpc: error unmarshalling request: {reason}", malformed);
    }
}

namespace Etcdish.Rpc;

/// <summary>A call that ended with a status other than OK. A handler throws it to answer so; a client gets it thrown.</summary>
/// <param name="code">gRPC status code, not <see cref="StatusCode.Ok"/>.</param>
/// <param name="message">Text for the caller; sent percent-encoded as grpc-message.</param>
/// <param name="inner">What caused it, if anything.</param>
public sealed class RpcException(StatusCode code, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>gRPC status code.</summary>
    public StatusCode Code { get; } = code;
}

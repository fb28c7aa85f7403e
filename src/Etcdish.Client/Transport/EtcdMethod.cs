using Google.Protobuf;

namespace Etcdish.Client.Transport;

/// <summary>A method of the API on the wire.</summary>
/// <param name="Path">HTTP/2 path, <c>/package.Service/Method</c>.</param>
/// <param name="ResponseParser">Reads its answers.</param>
internal sealed record EtcdMethod<TRequest, TResponse>(string Path, MessageParser<TResponse> ResponseParser)
    where TRequest : class, IMessage<TRequest>
    where TResponse : class, IMessage<TResponse>, new();

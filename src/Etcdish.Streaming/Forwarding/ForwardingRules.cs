using Microsoft.AspNetCore.Http;

namespace Etcdish.Streaming.Forwarding;

/// <summary>How a request is forwarded.</summary>
/// <param name="Unreachable">What is thrown when the target cannot be reached, made of the reason.</param>
/// <param name="Refused">What is thrown when it answers an upgrade by something that is neither that nor a failure.</param>
public sealed record ForwardingRules(Func<string, Exception> Unreachable, Func<string, Exception> Refused)
{
    /// <summary>Completes the request to the target.</summary>
    public Action<HttpRequestMessage>? Prepare { get; init; }

    /// <summary>Changes the headers of the answer before they go back.</summary>
    public Action<IHeaderDictionary>? Adapt { get; init; }
}

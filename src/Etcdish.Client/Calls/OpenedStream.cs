using Etcdish.Client.Transport;

namespace Etcdish.Client.Calls;

/// <summary>A two-way stream, with whom it goes to and the token it was opened with.</summary>
internal sealed record OpenedStream<TRequest, TResponse>(Endpoint Endpoint, string? Token, IDuplexStream<TRequest, TResponse> Stream)
    : IDisposable
{
    public void Dispose() => Stream.Dispose();
}

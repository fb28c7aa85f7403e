using Etcdish.Client.Transport;
using Etcdish.Rpc;
using Google.Protobuf;

namespace Etcdish.Client.Tests.Fakes;

/// <summary>An endpoint whose answers to unary calls are written down beforehand.</summary>
internal sealed class ScriptedChannel : ITransportChannel
{
    private readonly Queue<Func<IMessage>> _answers = [];

    /// <summary>Paths and tokens of the calls that came.</summary>
    public List<(string Path, string? Token)> Calls { get; } = [];

    public ScriptedChannel Answers(IMessage message)
    {
        _answers.Enqueue(() => message);
        return this;
    }

    public ScriptedChannel Fails(StatusCode code, string text, bool requestNotSent = false)
    {
        _answers.Enqueue(() => throw new RpcException(code, text) { RequestNotSent = requestNotSent });
        return this;
    }

    public Task<TResponse> UnaryAsync<TRequest, TResponse>(
        EtcdMethod<TRequest, TResponse> method, TRequest request, CallMetadata metadata, CancellationToken cancellationToken)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>, new()
    {
        Calls.Add((method.Path, metadata.Token));
        try
        {
            return Task.FromResult((TResponse)_answers.Dequeue()());
        }
        catch (RpcException e)
        {
            return Task.FromException<TResponse>(e);
        }
    }

    public IAsyncEnumerable<TResponse> ServerStreamAsync<TRequest, TResponse>(
        EtcdMethod<TRequest, TResponse> method, TRequest request, CallMetadata metadata, CancellationToken cancellationToken)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>, new() => throw new NotSupportedException("only unary calls are scripted");

    public IDuplexStream<TRequest, TResponse> OpenDuplex<TRequest, TResponse>(
        EtcdMethod<TRequest, TResponse> method, CallMetadata metadata, CancellationToken cancellationToken)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>, new() => throw new NotSupportedException("only unary calls are scripted");

    public void Dispose()
    {
    }
}

using System.Runtime.CompilerServices;
using Etcdish.Client.Transport;
using Etcdish.Rpc;
using Google.Protobuf;

namespace Etcdish.Client.Calls;

/// <summary>
/// Sends calls, and repeats those that may be repeated. A retry is part of consistency: a transaction repeated after a broken connection
/// can run twice and undo somebody else's write in between. So a call is sent again only if
/// (1) the request cannot have left this process, or (2) it only reads and the failure is Unavailable,
/// or (3) the server refused the token before looking at the request.
/// </summary>
internal sealed class CallInvoker(EtcdClientOptions options, EndpointSet endpoints, TokenSource tokens)
{
    public EndpointSet Endpoints => endpoints;

    public TimeProvider TimeProvider => options.TimeProvider;

    /// <summary>A call that changes something.</summary>
    public Task<TResponse> WriteAsync<TRequest, TResponse>(
        EtcdMethod<TRequest, TResponse> method, TRequest request, CancellationToken cancellationToken)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>, new() =>
        RunAsync(method, request, onlyReads: false, cancellationToken);

    /// <summary>A call that changes nothing, however often it runs.</summary>
    public Task<TResponse> ReadAsync<TRequest, TResponse>(
        EtcdMethod<TRequest, TResponse> method, TRequest request, CancellationToken cancellationToken)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>, new() =>
        RunAsync(method, request, onlyReads: true, cancellationToken);

    /// <summary>A call to one member; never sent elsewhere, never repeated.</summary>
    public async Task<TResponse> CallMemberAsync<TRequest, TResponse>(
        string address, EtcdMethod<TRequest, TResponse> method, TRequest request, CancellationToken cancellationToken)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>, new()
    {
        Endpoint endpoint = endpoints.Find(address);
        CallMetadata metadata = await MetadataAsync(endpoint, cancellationToken);
        return await endpoint.Channel.UnaryAsync(method, request, metadata, cancellationToken);
    }

    /// <summary>A stream of answers from whichever endpoint is next. Not resumed when broken: the caller knows what it has seen.</summary>
    public async IAsyncEnumerable<TResponse> StreamAsync<TRequest, TResponse>(
        EtcdMethod<TRequest, TResponse> method, TRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>, new()
    {
        Endpoint endpoint = await NextEndpointAsync(cancellationToken);
        CallMetadata metadata = await MetadataAsync(endpoint, cancellationToken);
        await foreach (TResponse response in
            endpoint.Channel.ServerStreamAsync(method, request, metadata, cancellationToken).WithCancellation(cancellationToken))
        {
            yield return response;
        }
    }

    /// <summary>Opens a two-way stream to whichever endpoint is next; the caller reports back how it went.</summary>
    public async Task<OpenedStream<TRequest, TResponse>> OpenDuplexAsync<TRequest, TResponse>(
        EtcdMethod<TRequest, TResponse> method, CancellationToken cancellationToken)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>, new()
    {
        Endpoint endpoint = await NextEndpointAsync(cancellationToken);
        CallMetadata metadata;
        try
        {
            metadata = await MetadataAsync(endpoint, cancellationToken);
        }
        catch (RpcException)
        {
            // The login failed. Whoever tries again is to be held back like after any other failure.
            endpoints.ReportFailure(endpoint);
            throw;
        }

        return new(endpoint, metadata.Token, endpoint.Channel.OpenDuplex(method, metadata, cancellationToken));
    }

    /// <summary>Takes note of how a stream ended, and tells whether it is worth opening again, here or elsewhere.</summary>
    public bool ShouldReopen(RpcException failure, Endpoint endpoint, string? token)
    {
        if (tokens.CanRenew && TokenSource.IsTokenRefusal(failure))
        {
            tokens.Discard(token);
            return true;
        }

        endpoints.ReportFailure(endpoint);
        return failure.Code is StatusCode.Unavailable or StatusCode.Internal || failure.RequestNotSent;
    }

    private async Task<TResponse> RunAsync<TRequest, TResponse>(
        EtcdMethod<TRequest, TResponse> method, TRequest request, bool onlyReads, CancellationToken cancellationToken)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>, new()
    {
        for (int attempt = 1; ; attempt++)
        {
            Endpoint endpoint = await NextEndpointAsync(cancellationToken);
            CallMetadata metadata = default;
            try
            {
                metadata = await MetadataAsync(endpoint, cancellationToken);
                TResponse response = await endpoint.Channel.UnaryAsync(method, request, metadata, cancellationToken);
                endpoints.ReportSuccess(endpoint);
                return response;
            }
            catch (RpcException e)
            {
                if (!MayRepeat(e, onlyReads, endpoint, metadata.Token) || attempt == options.MaxAttempts)
                {
                    throw;
                }
            }
        }
    }

    private bool MayRepeat(RpcException failure, bool onlyReads, Endpoint endpoint, string? token)
    {
        if (tokens.CanRenew && TokenSource.IsTokenRefusal(failure))
        {
            tokens.Discard(token);
            return true;
        }

        bool neverLeft = failure.RequestNotSent;
        if (neverLeft || failure.Code == StatusCode.Unavailable)
        {
            endpoints.ReportFailure(endpoint);
        }

        return neverLeft || (onlyReads && failure.Code == StatusCode.Unavailable);
    }

    private async ValueTask<CallMetadata> MetadataAsync(Endpoint endpoint, CancellationToken cancellationToken) =>
        new(await tokens.GetAsync(endpoint, cancellationToken), options.RequireLeader);

    private async ValueTask<Endpoint> NextEndpointAsync(CancellationToken cancellationToken)
    {
        (Endpoint endpoint, TimeSpan wait) = endpoints.Next();
        if (wait > TimeSpan.Zero)
        {
            await Task.Delay(wait, options.TimeProvider, cancellationToken);
        }

        return endpoint;
    }
}

using System.Net;
using System.Net.Sockets;
using Google.Protobuf;

namespace Etcdish.Rpc;

/// <summary>
/// Calls to one gRPC server over HTTP/2: plain with prior knowledge, TLS, or a Unix socket. Connects when first needed
/// and again after a loss; never repeats a call by itself. Any number of threads may use it at a time.
/// </summary>
public sealed class RpcChannel : IDisposable
{
    private readonly Uri _address;
    private readonly HttpMessageInvoker _http;
    private readonly int _maxMessageBytes;

    /// <summary>Makes a channel; nothing is connected yet.</summary>
    /// <param name="address">http or https, host and port. For a Unix socket the host is what the server is told as its name.</param>
    /// <param name="options">Options; null for the defaults.</param>
    /// <exception cref="ArgumentException">The address is neither http nor https, or an option is out of range.</exception>
    public RpcChannel(Uri address, RpcChannelOptions? options = null)
    {
        if (address.Scheme != Uri.UriSchemeHttp && address.Scheme != Uri.UriSchemeHttps)
        {
            throw new ArgumentException($"The address of a channel is http or https, not {address}.", nameof(address));
        }

        options ??= new RpcChannelOptions();
        options.Validate();
        _address = address;
        _maxMessageBytes = options.MaxReceiveMessageBytes;
        _http = new HttpMessageInvoker(Handler(options));
    }

    /// <summary>The address it was made with.</summary>
    public Uri Address => _address;

    /// <summary>Calls a unary method.</summary>
    /// <typeparam name="TRequest">The request message.</typeparam>
    /// <typeparam name="TResponse">The response message.</typeparam>
    /// <param name="method">Full name, such as <c>/etcdserverpb.KV/Range</c>.</param>
    /// <param name="request">The request.</param>
    /// <param name="parser">Parser of the response.</param>
    /// <param name="options">Deadline, metadata, cancellation.</param>
    /// <exception cref="RpcException">The call ended with another status than OK, the deadline passed, or the connection failed.</exception>
    /// <exception cref="OperationCanceledException">The caller's token was cancelled.</exception>
    public async Task<TResponse> UnaryAsync<TRequest, TResponse>(
        string method, TRequest request, MessageParser<TResponse> parser, CallOptions options = default)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>
    {
        using ClientCall call = Start(method, new SingleMessageContent(request), options);
        TResponse response = await call.ReadAsync(parser).ConfigureAwait(false)
            ?? throw new RpcException(StatusCode.Internal, "the server answered OK without a message");

        // The status comes after the message, and an error there counts.
        return await call.ReadAsync(parser).ConfigureAwait(false) is null
            ? response
            : throw new RpcException(StatusCode.Internal, "the server answered a unary call with more than one message");
    }

    /// <summary>Calls a method that answers with a stream.</summary>
    /// <typeparam name="TRequest">The request message.</typeparam>
    /// <typeparam name="TResponse">The response message.</typeparam>
    /// <param name="method">Full name, such as <c>/etcdserverpb.Maintenance/Snapshot</c>.</param>
    /// <param name="request">The request.</param>
    /// <param name="parser">Parser of the responses.</param>
    /// <param name="options">Deadline, metadata, cancellation; they hold for the whole stream.</param>
    public ServerStreamCall<TResponse> ServerStream<TRequest, TResponse>(
        string method, TRequest request, MessageParser<TResponse> parser, CallOptions options = default)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse> =>
        new(Start(method, new SingleMessageContent(request), options), parser);

    /// <summary>Calls a method that takes a stream, and answers with a stream or one message.</summary>
    /// <typeparam name="TRequest">The request message.</typeparam>
    /// <typeparam name="TResponse">The response message.</typeparam>
    /// <param name="method">Full name, such as <c>/etcdserverpb.Watch/Watch</c>.</param>
    /// <param name="parser">Parser of the responses.</param>
    /// <param name="options">Deadline, metadata, cancellation; they hold for the whole stream.</param>
    public DuplexCall<TRequest, TResponse> Duplex<TRequest, TResponse>(
        string method, MessageParser<TResponse> parser, CallOptions options = default)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>
    {
        var requests = new MessageStreamContent();
        return new DuplexCall<TRequest, TResponse>(Start(method, requests, options), requests, parser);
    }

    /// <summary>Closes the connections; running calls fail.</summary>
    public void Dispose() => _http.Dispose();

    private static SocketsHttpHandler Handler(RpcChannelOptions options)
    {
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ActivityHeadersPropagator = null,
            ConnectTimeout = options.ConnectTimeout,
            EnableMultipleHttp2Connections = options.AllowMultipleConnections,
            PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
        };
        if (options.Tls is not null)
        {
            handler.SslOptions = options.Tls;
        }

        if (options.KeepAliveInterval is { } interval)
        {
            handler.KeepAlivePingDelay = interval;
            handler.KeepAlivePingTimeout = options.KeepAliveTimeout;
            handler.KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests;
        }

        if (options.EndPoint is { } endPoint)
        {
            handler.ConnectCallback = (_, cancellationToken) => ConnectAsync(endPoint, cancellationToken);
        }

        return handler;
    }

    private static async ValueTask<Stream> ConnectAsync(EndPoint endPoint, CancellationToken cancellationToken)
    {
        bool isTcp = endPoint is not UnixDomainSocketEndPoint;
        var socket = isTcp
            ? new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true }
            : new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(endPoint, cancellationToken).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private ClientCall Start(string method, RequestContent content, CallOptions options)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_address, method))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = content,
        };
        request.Headers.TryAddWithoutValidation("te", "trailers");
        request.Headers.TryAddWithoutValidation("user-agent", "etcdish");
        foreach ((string name, string value) in options.Metadata ?? [])
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return new ClientCall(_http, request, content, options, _maxMessageBytes);
    }
}

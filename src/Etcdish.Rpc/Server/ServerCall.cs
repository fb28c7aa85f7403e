using System.Diagnostics;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Etcdish.Rpc.Wire;
using Microsoft.AspNetCore.Http;

namespace Etcdish.Rpc;

/// <summary>
/// One call on the server: who calls what, until when, with which metadata. The object is pooled along with the HTTP/2
/// stream: nothing of it may be used after the handler's task has completed. What costs anything is made when asked for.
/// </summary>
public sealed class ServerCall
{
    private readonly RpcApplication _application;
    private readonly CallCancellation _cancellation = new();
    private CallTransport _transport = null!;
    private long _startTimestamp;
    private TimeSpan? _timeout;

    internal ServerCall(RpcApplication application)
    {
        _application = application;
        Requests = new RpcRequests(this);
        Response = new RpcResponse(this);
    }

    /// <summary>The method called.</summary>
    public RpcMethod Method { get; private set; } = null!;

    /// <summary>Time the client gave when the call began; null without a deadline.</summary>
    public TimeSpan? Timeout => _timeout;

    /// <summary>Time left until the deadline, zero when it has passed; null without a deadline.</summary>
    public TimeSpan? TimeLeft => _timeout is { } timeout
        ? TimeSpan.FromTicks(Math.Max(0, (timeout - Elapsed).Ticks))
        : null;

    /// <summary>
    /// Cancelled when the client ends the call or its connection is lost, when the deadline passes and, for a stream,
    /// when the server stops. Created when first asked for; valid until the handler's task completes.
    /// </summary>
    public CancellationToken CancellationToken => _cancellation.Get(this);

    /// <summary>All request headers, metadata among them; names are case-insensitive, binary values still base64.</summary>
    public IHeaderDictionary RequestHeaders => _transport.RequestHeaders;

    /// <summary>Initial metadata of the answer; to be set before the first flush.</summary>
    public IHeaderDictionary ResponseHeaders => _transport.ResponseHeaders;

    /// <summary>Trailing metadata of the answer, also sent along with an error.</summary>
    public IHeaderDictionary ResponseTrailers => _transport.ResponseTrailers;

    /// <summary>The client's IP address and port, null on a Unix socket.</summary>
    public IPEndPoint? Peer => _transport.Peer;

    /// <summary>The certificate that the client presented and the endpoint's rules accepted; null without one.</summary>
    public X509Certificate2? ClientCertificate => _transport.ClientCertificate;

    /// <summary>Whether the connection is encrypted.</summary>
    public bool IsTls => _transport.IsTls;

    /// <summary>Number or name of the connection, for logs.</summary>
    public string ConnectionId => _transport.ConnectionId;

    internal CallTransport Transport => _transport;

    internal RpcRequests Requests { get; }

    internal RpcResponse Response { get; }

    internal CancellationToken Aborted => _transport.Aborted;

    internal CancellationToken Stopping => _application.Stopping;

    internal bool IsStreaming => Method.IsStreaming;

    internal int MaxReceiveMessageBytes => _application.MaxReceiveMessageBytes;

    internal TimeSpan Elapsed => Stopwatch.GetElapsedTime(_startTimestamp);

    internal bool IsDeadlinePassed => _timeout is { } timeout && Elapsed >= timeout;

    /// <summary>One value of metadata, null when absent; several values come joined by commas.</summary>
    /// <param name="name">Name, case-insensitive, without "-bin".</param>
    public string? GetMetadata(string name) => _transport.GetRequestHeader(name);

    /// <summary>One value of binary metadata, null when absent.</summary>
    /// <param name="name">Name that ends in "-bin".</param>
    /// <exception cref="RpcException">The value is not base64 (Internal).</exception>
    public byte[]? GetBinaryMetadata(string name)
    {
        if (!BinaryMetadata.IsBinary(name))
        {
            throw new ArgumentException("The name of binary metadata ends in -bin.", nameof(name));
        }

        if (GetMetadata(name) is not { } text)
        {
            return null;
        }

        return BinaryMetadata.TryDecode(text, out byte[] value)
            ? value
            : throw new RpcException(StatusCode.Internal, $"malformed value of the metadata \"{name}\"");
    }

    /// <summary>Sends the initial metadata now instead of with the first message.</summary>
    public Task SendHeadersAsync() => _transport.StartAsync(CancellationToken).AsTask();

    internal void Begin(CallTransport transport) => _transport = transport;

    internal void BeginMethod(RpcMethod method)
    {
        Method = method;
        _startTimestamp = Stopwatch.GetTimestamp();
        Requests.Attach(_transport.RequestBody);
        Response.Attach(_transport.ResponseBody, method.IsServerStreaming);
        _application.Observer?.CallStarted(method);
    }

    internal void ReadTimeout()
    {
        string? text = _transport.GetRequestHeader("grpc-timeout");
        if (text is not null)
        {
            _timeout = GrpcTimeout.TryParse(text, out TimeSpan timeout)
                ? timeout
                : throw new RpcException(StatusCode.Internal, $"malformed grpc-timeout: \"{text}\"");
        }
    }

    internal void EndMethod(StatusCode status)
    {
        Requests.Detach();
        Response.Detach();
        _cancellation.Release();
        _application.Observer?.CallEnded(Method, status, Elapsed);
    }

    internal void End()
    {
        _transport = null!;
        Method = null!;
        _timeout = null;
    }

    internal void OnMessageReceived(int bytes) => _application.Observer?.MessageReceived(Method, bytes);

    internal void OnMessageSent(int bytes) => _application.Observer?.MessageSent(Method, bytes);
}

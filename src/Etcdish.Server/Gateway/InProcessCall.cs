using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using Etcdish.Rpc;
using Google.Protobuf;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Etcdish.Server.Gateway;

/// <summary>
/// A gRPC call made inside the process: the same request, through the same layer, handlers, limits and counters as one from a socket, with
/// two pipes in the socket's place. Etcd's gateway dials its own port for this.
/// </summary>
internal sealed class InProcessCall : IHttpRequestFeature, IHttpResponseFeature, IHttpResponseBodyFeature, IRequestBodyPipeFeature,
    IHttpResponseTrailersFeature, IHttpRequestLifetimeFeature, IHttpResetFeature, IDisposable
{
    private const int PrefixBytes = 5;

    private readonly Pipe _requests = new();
    private readonly Pipe _responses = new();
    private readonly CancellationToken _clientGone;
    private readonly CancellationTokenSource _aborted;
    private readonly FeatureCollection _features = new();

    /// <summary>Prepares a call of <paramref name="path"/> on behalf of an HTTP request, whose peer, TLS and token it takes on.</summary>
    public InProcessCall(string path, HttpContext outer)
    {
        Path = path;
        Headers["content-type"] = "application/grpc";
        CopyHeader(outer, "authorization");
        CopyHeader(outer, "grpc-timeout");
        _clientGone = outer.RequestAborted;
        _aborted = CancellationTokenSource.CreateLinkedTokenSource(_clientGone);
        RequestAborted = _aborted.Token;
        _features.Set<IHttpRequestFeature>(this);
        _features.Set<IHttpResponseFeature>(this);
        _features.Set<IHttpResponseBodyFeature>(this);
        _features.Set<IRequestBodyPipeFeature>(this);
        _features.Set<IHttpResponseTrailersFeature>(this);
        _features.Set<IHttpRequestLifetimeFeature>(this);
        _features.Set<IHttpResetFeature>(this);
        _features.Set(outer.Features.Get<IHttpConnectionFeature>());
    }

    public string Protocol { get; set; } = HttpProtocol.Http2;

    public string Scheme { get; set; } = "http";

    public string Method { get; set; } = HttpMethods.Post;

    public string PathBase { get; set; } = "";

    public string Path { get; set; }

    public string QueryString { get; set; } = "";

    public string RawTarget { get; set; } = "";

    public IHeaderDictionary Headers { get; set; } = new HeaderDictionary();

    public IHeaderDictionary Trailers { get; set; } = new HeaderDictionary();

    public CancellationToken RequestAborted { get; set; }

    public PipeReader Reader => _requests.Reader;

    public PipeWriter Writer => _responses.Writer;

    public int StatusCode { get; set; } = StatusCodes.Status200OK;

    public string? ReasonPhrase { get; set; }

    public bool HasStarted { get; private set; }

    Stream IHttpRequestFeature.Body { get; set; } = Stream.Null;

    Stream IHttpResponseFeature.Body { get; set; } = Stream.Null;

    IHeaderDictionary IHttpResponseFeature.Headers { get; set; } = new HeaderDictionary();

    Stream IHttpResponseBodyFeature.Stream => _responses.Writer.AsStream();

    /// <summary>Runs the call; completes when its handler has ended. Read the answers meanwhile.</summary>
    public async Task RunAsync(Func<IFeatureCollection, Task> server)
    {
        try
        {
            await server(_features).ConfigureAwait(false);
        }
        finally
        {
            await _responses.Writer.CompleteAsync().ConfigureAwait(false);
            await _requests.Reader.CompleteAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Sends a message to the handler.</summary>
    /// <returns>False when the handler has ended and takes no more.</returns>
    public async ValueTask<bool> SendAsync(IMessage message)
    {
        int size = message.CalculateSize();
        Span<byte> prefix = _requests.Writer.GetSpan(PrefixBytes);
        prefix[0] = 0;
        BinaryPrimitives.WriteInt32BigEndian(prefix[1..], size);
        _requests.Writer.Advance(PrefixBytes);
        message.WriteTo(_requests.Writer);
        FlushResult flushed = await _requests.Writer.FlushAsync(RequestAborted).ConfigureAwait(false);
        return !flushed.IsCompleted;
    }

    /// <summary>Tells the handler that no more messages come.</summary>
    public ValueTask CompleteRequestsAsync() => _requests.Writer.CompleteAsync();

    /// <summary>Waits for the handler's next message; null when there are no more.</summary>
    public async ValueTask<IMessage?> ReceiveAsync(MessageParser parser)
    {
        while (true)
        {
            // Not the call's own token: a call that is aborted here still ends with what its handler says.
            ReadResult read = await _responses.Reader.ReadAsync(_clientGone).ConfigureAwait(false);
            ReadOnlySequence<byte> buffer = read.Buffer;
            if (TryTake(buffer, out ReadOnlySequence<byte> message))
            {
                IMessage parsed = parser.ParseFrom(message);
                _responses.Reader.AdvanceTo(message.End);
                return parsed;
            }

            _responses.Reader.AdvanceTo(buffer.Start, buffer.End);
            if (read.IsCompleted)
            {
                return null;
            }
        }
    }

    /// <summary>How the call ended; to be read when there are no more messages.</summary>
    public (StatusCode Code, string Message) Status()
    {
        IHeaderDictionary headers = ((IHttpResponseFeature)this).Headers;
        string? code = Trailers.GrpcStatus.Count > 0 ? Trailers.GrpcStatus : headers.GrpcStatus;
        string? message = Trailers.GrpcStatus.Count > 0 ? Trailers.GrpcMessage : headers.GrpcMessage;
        return int.TryParse(code, out int number)
            ? ((StatusCode)number, Uri.UnescapeDataString(message ?? ""))
            : (Rpc.StatusCode.Internal, "the call ended without a status");
    }

    public void Abort() => _aborted.Cancel();

    /// <summary>Aborts the call and takes no more messages of it, so that its handler cannot wait for a reader.</summary>
    public void Abandon()
    {
        Abort();
        _responses.Reader.Complete();
    }

    public void Dispose() => _aborted.Dispose();

    public void Reset(int errorCode) => _aborted.Cancel();

    public void OnStarting(Func<object, Task> callback, object state) => throw new NotSupportedException();

    public void OnCompleted(Func<object, Task> callback, object state) => throw new NotSupportedException();

    public void DisableBuffering()
    {
        // Each flush is handed on at once as it is.
    }

    public Task StartAsync(CancellationToken cancellationToken = default)
    {
        HasStarted = true;
        return Task.CompletedTask;
    }

    public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    public Task CompleteAsync() => _responses.Writer.CompleteAsync().AsTask();

    private static bool TryTake(in ReadOnlySequence<byte> buffer, out ReadOnlySequence<byte> message)
    {
        message = default;
        if (buffer.Length < PrefixBytes)
        {
            return false;
        }

        Span<byte> prefix = stackalloc byte[PrefixBytes];
        buffer.Slice(0, PrefixBytes).CopyTo(prefix);
        long length = BinaryPrimitives.ReadUInt32BigEndian(prefix[1..]);
        if (buffer.Length < PrefixBytes + length)
        {
            return false;
        }

        message = buffer.Slice(PrefixBytes, length);
        return true;
    }

    private void CopyHeader(HttpContext outer, string name)
    {
        if (outer.Request.Headers.TryGetValue(name, out var value))
        {
            Headers[name] = value;
        }
    }
}

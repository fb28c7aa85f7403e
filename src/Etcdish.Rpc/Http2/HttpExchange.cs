using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Etcdish.Rpc.Http2;

/// <summary>
/// A request over HTTP/2 that is no gRPC, as ASP.NET sees it: the slow path on which health checks, metrics and the JSON gateway go.
/// </summary>
internal sealed class HttpExchange : IHttpRequestFeature, IHttpRequestBodyDetectionFeature, IRequestBodyPipeFeature, IHttpResponseFeature,
    IHttpResponseBodyFeature, IHttpResponseTrailersFeature, IHttpRequestLifetimeFeature, IHttpResetFeature, IHttpMaxRequestBodySizeFeature
{
    private readonly Http2Stream _stream;
    private readonly FeatureCollection _features;
    private readonly ExchangeWriter _writer;
    private Stream? _requestStream;
    private Stream? _responseStream;
    private List<(Func<object, Task> Callback, object State)>? _onStarting;
    private List<(Func<object, Task> Callback, object State)>? _onCompleted;
    private long? _maxRequestBodySize;

    public HttpExchange(Http2Stream stream)
    {
        _stream = stream;
        _writer = new ExchangeWriter(this, stream.Response);
        RequestAborted = stream.Aborted;
        RequestHeaders = stream.RequestHeaders;
        RawTarget = stream.Head.Path;
        int query = RawTarget.IndexOf('?', StringComparison.Ordinal);
        Path = PathString.FromUriComponent(query < 0 ? RawTarget : RawTarget[..query]).Value ?? "";
        QueryString = query < 0 ? "" : RawTarget[query..];
        Method = stream.Head.Method;
        Scheme = stream.Head.Scheme;
        _features = stream.Connection.MakeFeatures();
        _features.Set<IHttpRequestFeature>(this);
        _features.Set<IHttpRequestBodyDetectionFeature>(this);
        _features.Set<IRequestBodyPipeFeature>(this);
        _features.Set<IHttpResponseFeature>(this);
        _features.Set<IHttpResponseBodyFeature>(this);
        _features.Set<IHttpResponseTrailersFeature>(this);
        _features.Set<IHttpRequestLifetimeFeature>(this);
        _features.Set<IHttpResetFeature>(this);
        _features.Set<IHttpMaxRequestBodySizeFeature>(this);
    }

    public string Protocol { get; set; } = HttpProtocol.Http2;

    public string Scheme { get; set; }

    public string Method { get; set; }

    public string PathBase { get; set; } = "";

    public string Path { get; set; }

    public string QueryString { get; set; }

    public string RawTarget { get; set; }

    public IHeaderDictionary RequestHeaders { get; set; }

    IHeaderDictionary IHttpRequestFeature.Headers
    {
        get => RequestHeaders;
        set => RequestHeaders = value;
    }

    Stream IHttpRequestFeature.Body
    {
        get => _requestStream ??= _stream.Request.AsStream();
        set => _requestStream = value;
    }

    public bool CanHaveBody => !_stream.Request.IsEmptyAndComplete;

    public PipeReader Reader => _stream.Request;

    public int StatusCode { get; set; } = StatusCodes.Status200OK;

    public string? ReasonPhrase { get; set; }

    IHeaderDictionary IHttpResponseFeature.Headers { get; set; } = new HeaderDictionary();

    Stream IHttpResponseFeature.Body
    {
        get => Stream;
        set => _responseStream = value;
    }

    public bool HasStarted => _stream.Response.HasHeaders;

    public Stream Stream => _responseStream ??= _writer.AsStream();

    public PipeWriter Writer => _writer;

    public IHeaderDictionary Trailers { get; set; } = new HeaderDictionary();

    public CancellationToken RequestAborted { get; set; }

    public bool IsReadOnly => _stream.Request.IsReadStarted;

    public long? MaxRequestBodySize
    {
        get => _maxRequestBodySize;
        set
        {
            _maxRequestBodySize = value;
            _stream.Request.SetMaxBytes(value, _stream.Head.ContentLength);
        }
    }

    /// <summary>Runs the fallback and settles the response; does not throw.</summary>
    public async Task RunAsync(FallbackApplication fallback)
    {
        try
        {
            await fallback.ProcessRequestAsync(_features).ConfigureAwait(false);
            await StartAsync().ConfigureAwait(false);
            if (Trailers.Count > 0)
            {
                _stream.SetTrailers(ResponseBlocks.Trailers(Trailers));
            }
        }
        catch (Exception failure)
        {
            OnFailure(failure);
        }

        await RunCallbacksAsync(_onCompleted).ConfigureAwait(false);
    }

    public ReadOnlyMemory<byte> EncodeHeaders() => ResponseBlocks.Headers(StatusCode, ((IHttpResponseFeature)this).Headers);

    /// <summary>Settles the headers. They leave with the first flush, or with the end when there is nothing to flush.</summary>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        if (!HasStarted)
        {
            await RunCallbacksAsync(_onStarting).ConfigureAwait(false);
            _stream.Response.SetHeaders(EncodeHeaders());
        }
    }

    public async Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) =>
        await SendFileFallback.SendFileAsync(Stream, path, offset, count, cancellationToken).ConfigureAwait(false);

    public async Task CompleteAsync() => await _writer.FlushAsync().ConfigureAwait(false);

    public void DisableBuffering()
    {
        // Each flush is handed on at once as it is.
    }

    public void OnStarting(Func<object, Task> callback, object state) => (_onStarting ??= []).Insert(0, (callback, state));

    public void OnCompleted(Func<object, Task> callback, object state) => (_onCompleted ??= []).Insert(0, (callback, state));

    public void Abort() => _stream.Reset(Http2ErrorCode.Cancel);

    public void Reset(int errorCode) => _stream.Reset((Http2ErrorCode)errorCode);

    private static async Task RunCallbacksAsync(List<(Func<object, Task> Callback, object State)>? callbacks)
    {
        foreach ((Func<object, Task> callback, object state) in callbacks ?? [])
        {
            await callback(state).ConfigureAwait(false);
        }
    }

    private void OnFailure(Exception failure)
    {
        bool isClientGone = _stream.IsAborted && failure is OperationCanceledException or IOException;
        if (!isClientGone && failure is not BadHttpRequestException)
        {
            _stream.Connection.Log.LogError(failure, "The fallback failed on {Method} {Path}.", Method, Path);
        }

        if (HasStarted || !_stream.Response.IsEmpty)
        {
            _stream.SetBroken();
        }
        else
        {
            int status = (failure as BadHttpRequestException)?.StatusCode ?? StatusCodes.Status500InternalServerError;
            _stream.Response.SetHeaders(ResponseBlocks.StatusOnly(status));
        }
    }

    /// <summary>The response's body, which settles the headers before its first flush.</summary>
    private sealed class ExchangeWriter(HttpExchange exchange, ResponseBody body) : PipeWriter
    {
        // The answer to HEAD is the headers of GET.
        private readonly bool _isHead = exchange._stream.Head.Method == "HEAD";
        private byte[] _unsent = [];

        public override bool CanGetUnflushedBytes => true;

        public override long UnflushedBytes => body.UnflushedBytes;

        public override void Advance(int bytes)
        {
            if (!_isHead)
            {
                body.Advance(bytes);
            }
        }

        public override Memory<byte> GetMemory(int sizeHint = 0) => _isHead ? Unsent(sizeHint) : body.GetMemory(sizeHint);

        public override Span<byte> GetSpan(int sizeHint = 0) => _isHead ? Unsent(sizeHint) : body.GetSpan(sizeHint);

        public override async ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
        {
            await exchange.StartAsync(cancellationToken).ConfigureAwait(false);
            return await body.FlushAsync(cancellationToken).ConfigureAwait(false);
        }

        public override void CancelPendingFlush() => body.CancelPendingFlush();

        public override void Complete(Exception? exception = null) => body.Complete(exception);

        private byte[] Unsent(int sizeHint)
        {
            const int SmallestBuffer = 256;
            if (_unsent.Length < Math.Max(sizeHint, SmallestBuffer))
            {
                _unsent = new byte[Math.Max(sizeHint, SmallestBuffer)];
            }

            return _unsent;
        }
    }
}

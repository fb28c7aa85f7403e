using System.IO.Pipelines;
using System.Net;
using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;
using Etcdish.Rpc.Wire;
using Microsoft.AspNetCore.Http;

namespace Etcdish.Rpc.Http2;

/// <summary>
/// One stream of a connection and the call on it. It has two ends that come in any order: the call's (its handler has returned), and the
/// wire's (its last frame went out, or either side reset it). After both it is finished, and the read loop takes it off the table and uses
/// it again. Is itself the work item that runs its call, so that starting one allocates nothing.
/// </summary>
internal sealed class Http2Stream : CallTransport, IThreadPoolWorkItem
{
    private static readonly IOException _resetByClient = new("The client reset the stream.");
    private static readonly IOException _resetByServer = new("The stream was reset.");

    private readonly Http2Connection _connection;
    private readonly ServerCall _call;
    private readonly Action _endCall;
    private ConfiguredValueTaskAwaitable.ConfiguredValueTaskAwaiter _running;
    private ReceiveWindow _window;
    private IHeaderDictionary? _requestHeaders;
    private IHeaderDictionary? _responseHeaders;
    private IHeaderDictionary? _responseTrailers;
    private HttpExchange? _exchange;
    private CancellationTokenSource? _abortSource;
    private ReadOnlyMemory<byte> _trailerBlock;
    private long _lengthLeft;
    private bool _isLengthKnown;
    private bool _isRemoteClosed;
    private bool _isBroken;
    private bool _isCallEnded;
    private bool _isReset;
    private bool _isOffWire;
    private bool _isFinished;

    public Http2Stream(Http2Connection connection)
    {
        _connection = connection;
        _call = new ServerCall(connection.Application);
        _endCall = EndCall;
        Request = new RequestBody(this);
        Response = new ResponseBody(this, connection.Output, connection.Options.MaxResponseBufferBytes);
    }

    public int Id { get; private set; }

    /// <summary>The request's headers as they came.</summary>
    public List<HeaderField> Fields { get; } = [];

    public RequestHead Head { get; private set; }

    public RequestBody Request { get; }

    public ResponseBody Response { get; }

    public Http2Connection Connection => _connection;

    /// <summary>The method called; null when the request is no gRPC, or calls a method that does not exist.</summary>
    public RpcMethod? Method { get; private set; }

    /// <summary>The next one in the connection's list of finished streams.</summary>
    public Http2Stream? NextFinished { get; set; }

    /// <summary>Whether the client may send nothing more on it, because it said so.</summary>
    public bool IsRemoteClosed => Volatile.Read(ref _isRemoteClosed);

    /// <summary>Whether either side reset it.</summary>
    public bool IsReset => Volatile.Read(ref _isReset);

    /// <summary>Whether either side reset it, or both said all they had to say.</summary>
    public bool IsOffWire => Volatile.Read(ref _isOffWire);

    /// <summary>Whether its call may begin inside the read loop: the method is registered so, and nothing has to be waited for.</summary>
    public bool RunsInline => Method is { IsInline: true } && Request.IsComplete;

    public override IHeaderDictionary RequestHeaders => _requestHeaders ??= RequestHead.ToDictionary(Fields);

    public override IHeaderDictionary ResponseHeaders => _responseHeaders ??= new HeaderDictionary();

    public override IHeaderDictionary ResponseTrailers => _responseTrailers ??= new HeaderDictionary();

    public override PipeReader RequestBody => Request;

    public override PipeWriter ResponseBody => Response;

    public override bool HasResponseStarted => Response.HasHeaders;

    public override bool IsAborted => IsReset;

    public override CancellationToken Aborted
    {
        get
        {
            lock (_connection.Output.Gate)
            {
                return _isReset ? new CancellationToken(canceled: true) : (_abortSource ??= new CancellationTokenSource()).Token;
            }
        }
    }

    public override IPEndPoint? Peer => _connection.Peer;

    public override X509Certificate2? ClientCertificate => _connection.ClientCertificate;

    public override bool IsTls => _connection.IsTls;

    public override string ConnectionId => _connection.Id;

    /// <summary>Begins its life with the request's headers, which are in <see cref="Fields"/>. Called by the read loop.</summary>
    public void Open(int id, in RequestHead head, int receiveWindow)
    {
        Id = id;
        Head = head;
        _window = new ReceiveWindow(receiveWindow);
        _isLengthKnown = head.ContentLength is not null;
        _lengthLeft = head.ContentLength ?? 0;
        Method = head.IsGrpc && head.Method == "POST" ? _connection.Application.Find(head.Path) : null;
        if (Method is not null)
        {
            _call.Begin(this);
            _call.BeginMethod(Method);
        }
    }

    /// <summary>Makes it new for the next request; false when it had better be left to the garbage collector.</summary>
    public bool TryReset()
    {
        if (_isReset || _exchange is not null)
        {
            return false;
        }

        Fields.Clear();
        Head = default;
        Method = null;
        _requestHeaders = _responseHeaders = _responseTrailers = null;
        _trailerBlock = default;
        _isRemoteClosed = _isBroken = _isCallEnded = _isOffWire = _isFinished = false;
        Request.Reset();
        Response.Reset();
        return true;
    }

    /// <summary>A DATA frame's content. Called by the read loop.</summary>
    /// <param name="data">What it carries.</param>
    /// <param name="frameBytes">What it counts in the windows, padding included.</param>
    /// <param name="isEnd">Whether it is the last.</param>
    public void Receive(ReadOnlySpan<byte> data, int frameBytes, bool isEnd)
    {
        if (!_window.TryTake(frameBytes))
        {
            _connection.GiveBack(frameBytes);
            Reset(Http2ErrorCode.FlowControlError);
            return;
        }

        _lengthLeft -= data.Length;
        if (_isLengthKnown && (_lengthLeft < 0 || (isEnd && _lengthLeft != 0)))
        {
            _connection.GiveBack(frameBytes);
            Reset(Http2ErrorCode.ProtocolError);
            return;
        }

        int unread = frameBytes - data.Length;
        if (data.Length > 0)
        {
            unread += Request.Append(data);
        }

        if (isEnd)
        {
            CloseRemote();
        }

        OnBodyRead(unread);
    }

    /// <summary>The headers or trailers came with END_STREAM. Called by the read loop.</summary>
    public void ReceiveEnd()
    {
        if (_isLengthKnown && _lengthLeft != 0)
        {
            Reset(Http2ErrorCode.ProtocolError);
            return;
        }

        CloseRemote();
    }

    /// <summary>Bytes of the body that count in the windows no more.</summary>
    public void OnBodyRead(int bytes)
    {
        if (bytes == 0)
        {
            return;
        }

        _connection.GiveBack(bytes);
        int increment = _window.Return(bytes);
        if (increment > 0 && !IsRemoteClosed && !IsReset)
        {
            _connection.Output.WriteWindowUpdate(Id, increment);
        }
    }

    /// <summary>Runs the call until its first wait; does not throw.</summary>
    public void Execute()
    {
#pragma warning disable CA2012 // Its result is taken exactly once, by whoever comes after its end.
        ConfiguredValueTaskAwaitable.ConfiguredValueTaskAwaiter running = RunAsync().ConfigureAwait(false).GetAwaiter();
#pragma warning restore CA2012
        _running = running;
        if (running.IsCompleted)
        {
            EndCall();
        }
        else
        {
            // From here on the stream may be another call's.
            running.UnsafeOnCompleted(_endCall);
        }
    }

    /// <summary>Ends a stream whose call has not begun to run.</summary>
    public void EndUnstarted()
    {
        if (Method is not null)
        {
            _call.EndMethod(StatusCode.Canceled);
        }

        _running = default(ValueTask).ConfigureAwait(false).GetAwaiter();
        EndCall();
    }

    /// <summary>The client reset the stream, or its connection is lost. Called by the read loop.</summary>
    public void Abort() => Abort(_resetByClient, code: null);

    /// <summary>Resets the stream if its last frame has not been sent.</summary>
    public void Reset(Http2ErrorCode code) => Abort(_resetByServer, code);

    public override string? GetRequestHeader(string name)
    {
        string? value = null;
        foreach (HeaderField field in Fields)
        {
            if (field.Name.Length == name.Length && field.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                value = value is null ? field.Value : $"{value},{field.Value}";
            }
        }

        return value;
    }

    public override ValueTask StartAsync(CancellationToken cancellationToken)
    {
        ValueTask<FlushResult> flush = Response.FlushAsync(cancellationToken);
        return flush.IsCompletedSuccessfully ? ValueTask.CompletedTask : new ValueTask(flush.AsTask());
    }

    public override void SetOutcome(StatusCode status, string message, bool trailersOnly)
    {
        if (trailersOnly)
        {
            Response.SetHeaders(ResponseBlocks.GrpcStatus(
                ResponseHeaders, StatusTexts.Of(status), PercentEncoding.Encode(message), _responseTrailers));
            return;
        }

        _trailerBlock = status == StatusCode.Ok && message.Length == 0 && _responseTrailers is null
            ? GrpcHeaderBlocks.OkTrailers
            : ResponseBlocks.GrpcStatus(headers: null, StatusTexts.Of(status), PercentEncoding.Encode(message), _responseTrailers);
        if (!Response.HasHeaders)
        {
            Response.SetHeaders(EncodeHeaders());
        }
    }

    public override void SetBroken() => _isBroken = true;

    /// <summary>The trailers of a response that is no gRPC.</summary>
    public void SetTrailers(ReadOnlyMemory<byte> block) => _trailerBlock = block;

    /// <summary>The block for headers that nobody set.</summary>
    public ReadOnlyMemory<byte> EncodeHeaders()
    {
        if (_exchange is not null)
        {
            return _exchange.EncodeHeaders();
        }

        return _responseHeaders is null ? GrpcHeaderBlocks.ResponseHeaders : ResponseBlocks.GrpcHeaders(_responseHeaders);
    }

    /// <summary>The last frame is with the output. Under the gate.</summary>
    public void OnEndSent()
    {
        if (!IsRemoteClosed)
        {
            // Tells a client that still sends that nobody listens any more; its request is answered all the same.
            _connection.WriteReset(Id, Http2ErrorCode.NoError);
        }

        LeaveWire();
        FinishIfDone();
    }

    /// <summary>The response has left a queue of the output, maybe for another. Under the gate.</summary>
    public void OnLeftQueue() => FinishIfDone();

    private async ValueTask RunExchangeAsync()
    {
        _exchange = new HttpExchange(this);
        await _exchange.RunAsync(_connection.Fallback).ConfigureAwait(false);
    }

    private ValueTask RunAsync()
    {
        if (Method is not null)
        {
            return _connection.Application.InvokeAsync(_call);
        }

        if (!Head.IsGrpc)
        {
            return RunExchangeAsync();
        }

        if (Head.Method == "POST")
        {
            _connection.Application.RefuseUnknown(this, Head.Path);
        }
        else
        {
            Response.SetHeaders(ResponseBlocks.StatusOnly(StatusCodes.Status405MethodNotAllowed));
        }

        return ValueTask.CompletedTask;
    }

    private void EndCall()
    {
        _running.GetResult();
        OnBodyRead(Request.Discard());
        bool isBroken = _isBroken;
        lock (_connection.Output.Gate)
        {
            _isCallEnded = true;
            if (!_isReset && !isBroken)
            {
                Response.End(_trailerBlock);
            }

            FinishIfDone();
        }

        if (isBroken)
        {
            Reset(Http2ErrorCode.InternalError);
        }
    }

    private void CloseRemote()
    {
        Volatile.Write(ref _isRemoteClosed, true);
        Request.SetComplete();
    }

    private void Abort(IOException reason, Http2ErrorCode? code)
    {
        CancellationTokenSource? source;
        lock (_connection.Output.Gate)
        {
            if (_isReset || _isOffWire)
            {
                return;
            }

            Volatile.Write(ref _isReset, true);
            source = _abortSource;
            if (code is { } sent)
            {
                _connection.WriteReset(Id, sent);
            }

            Request.Fail(reason);
            Response.Abandon();
            LeaveWire();
            FinishIfDone();
        }

        if (source is not null)
        {
            // Elsewhere: what hangs on the token is the handlers' code, and must not hold up the read loop.
            ThreadPool.UnsafeQueueUserWorkItem(static canceled => canceled.Cancel(), source, preferLocal: false);
        }
    }

    private void LeaveWire()
    {
        if (!_isOffWire)
        {
            Volatile.Write(ref _isOffWire, true);
            _connection.OnStreamOffWire();
        }
    }

    private void FinishIfDone()
    {
        if (!_isFinished && _isCallEnded && _isOffWire && !Response.IsQueued)
        {
            _isFinished = true;
            Response.Release();
            _connection.OnStreamFinished(this);
        }
    }
}

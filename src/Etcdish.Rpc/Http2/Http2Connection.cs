using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Etcdish.Rpc.Http2;

/// <summary>
/// A client's connection in HTTP/2 (RFC 9113). One read loop takes frames as they come, opens streams, and starts their calls when it has
/// used up what arrived; calls end and send on any thread, through <see cref="Output"/>. See the room's README for the whole picture.
/// </summary>
internal sealed class Http2Connection
{
    private readonly ConnectionContext _context;
    private readonly FrameDispatcher _dispatcher;
    private readonly HeaderReceiver _headers;
    private readonly ResetHistory _resets = new();
    private ReceiveWindow _window;
    private bool _isClosed;
    private Http2ConnectionException? _failure;
    private TaskCompletionSource? _allEnded;

    public Http2Connection(ConnectionContext context, Http2Service service)
    {
        _context = context;
        Application = service.Application;
        Fallback = service.Fallback;
        Options = service.Options;
        Log = service.Log;
        Clock = service.Clock;
        Output = new Http2Output(context.Transport.Output);
        Streams = new StreamTable(this);
        Opener = new StreamOpener(this);
        Windows = new SendWindows(this);
        Life = new ConnectionLife(this);
        _window = new ReceiveWindow(Options.ConnectionWindowBytes);
        _headers = new HeaderReceiver(this);
        _dispatcher = new FrameDispatcher(this, _headers, new FloodGuard(Clock, () => Output.DataFrames));
    }

    private static ReadOnlySpan<byte> Preface => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8;

    public RpcApplication Application { get; }

    public FallbackApplication Fallback { get; }

    public RpcServerOptions Options { get; }

    public ILogger Log { get; }

    public MonotonicClock Clock { get; }

    public Http2Output Output { get; }

    public StreamTable Streams { get; }

    public StreamOpener Opener { get; }

    public SendWindows Windows { get; }

    public ConnectionLife Life { get; }

    public string Id => _context.ConnectionId;

    public IPEndPoint? Peer => _context.RemoteEndPoint as IPEndPoint;

    public X509Certificate2? ClientCertificate => _context.Features.Get<ITlsConnectionFeature>()?.ClientCertificate;

    public bool IsTls => _context.Features.Get<ITlsHandshakeFeature>() is not null;

    public bool HasSettings => _dispatcher.HasSettings;

    /// <summary>When the open header block began; 0 for none.</summary>
    public long HeadersSince => _headers.OpenSince;

    public bool IsIdle
    {
        get
        {
            lock (Output.Gate)
            {
                return Streams.Live == 0;
            }
        }
    }

    /// <summary>Serves the connection to its end; when it returns, no call of it runs any more.</summary>
    public async Task RunAsync()
    {
        WriteOpening();
        var lifetime = _context.Features.Get<IConnectionLifetimeNotificationFeature>();
        using CancellationTokenRegistration stopping = lifetime?.ConnectionClosedRequested
            .UnsafeRegister(static life => ((ConnectionLife)life!).BeginShutdown(), Life) ?? default;
        _context.Features.Get<IConnectionHeartbeatFeature>()?.OnHeartbeat(static life => ((ConnectionLife)life).Tick(), Life);
        Http2ConnectionException? error = null;
        try
        {
            if (await ReadPrefaceAsync().ConfigureAwait(false))
            {
                await ReadFramesAsync().ConfigureAwait(false);
            }
        }
        catch (Http2ConnectionException broken)
        {
            error = broken;
            Log.LogDebug("Connection {Id} ends with {Code}: {Reason}.", Id, broken.Code, broken.Message);
        }
        catch (Exception lost) when (lost is IOException or OperationCanceledException or ObjectDisposedException)
        {
            Log.LogDebug("Connection {Id} is lost: {Reason}", Id, lost.Message);
        }

        await CloseAsync(error).ConfigureAwait(false);
    }

    /// <summary>Ends the connection from another thread than the read loop's.</summary>
    public void Fail(Http2ErrorCode code, string message)
    {
        if (Interlocked.CompareExchange(ref _failure, new Http2ConnectionException(code, message), null) is null)
        {
            WakeReadLoop();
        }
    }

    /// <summary>
    /// Ends the read loop's wait for bytes. Elsewhere, because the loop may go on inside this call, and the caller hold the gate.
    /// </summary>
    public void WakeReadLoop() =>
        ThreadPool.UnsafeQueueUserWorkItem(static context => context.Transport.Input.CancelPendingRead(), _context, preferLocal: false);

    /// <summary>Cuts the connection off.</summary>
    public void Abort(string reason) => _context.Abort(new ConnectionAbortedException(reason));

    /// <summary>Features of one request that is no gRPC: the connection's, and where it comes from.</summary>
    public FeatureCollection MakeFeatures()
    {
        var features = new FeatureCollection(_context.Features);
        var connection = new HttpConnectionFeature { ConnectionId = Id };
        if (_context.RemoteEndPoint is IPEndPoint remote)
        {
            connection.RemoteIpAddress = remote.Address;
            connection.RemotePort = remote.Port;
        }

        if (_context.LocalEndPoint is IPEndPoint local)
        {
            connection.LocalIpAddress = local.Address;
            connection.LocalPort = local.Port;
        }

        features.Set<IHttpConnectionFeature>(connection);
        return features;
    }

    /// <summary>Takes from the connection's window; false when the client sent more than it may.</summary>
    public bool TryTakeWindow(int bytes) => _window.TryTake(bytes);

    /// <summary>Gives back to the connection's window.</summary>
    public void GiveBack(int bytes)
    {
        int increment = _window.Return(bytes);
        if (increment > 0)
        {
            Output.WriteWindowUpdate(0, increment);
        }
    }

    /// <summary>The stream that a frame is for; false when it has ended in a way that makes a late frame no error.</summary>
    /// <param name="streamId">The stream's number.</param>
    /// <param name="stream">The stream.</param>
    /// <param name="mayBeEnded">Whether such a frame is no error on any stream that ever was.</param>
    /// <exception cref="Http2ConnectionException">The stream has never been, or ended before the client sent the frame.</exception>
    public bool TryFindForFrame(int streamId, [NotNullWhen(true)] out Http2Stream? stream, bool mayBeEnded = false)
    {
        if (Streams.TryGet(streamId, out stream) && !stream.IsOffWire)
        {
            return true;
        }

        stream = null;
        bool wasOpened = streamId <= Opener.LastStreamId && streamId % 2 != 0;
        if (!wasOpened && Life.IsShutDown)
        {
            return false;
        }

        if (!wasOpened)
        {
            throw new Http2ConnectionException(Http2ErrorCode.ProtocolError, $"a frame on stream {streamId}, which is not open");
        }

        if (!mayBeEnded)
        {
            lock (Output.Gate)
            {
                if (!_resets.MayContain(streamId))
                {
                    throw new Http2ConnectionException(Http2ErrorCode.StreamClosed, $"a frame on stream {streamId}, which has ended");
                }
            }
        }

        return false;
    }

    /// <summary>Sends a reset, and remembers it: frames that cross it are no error. Under the gate.</summary>
    public void WriteReset(int streamId, Http2ErrorCode code)
    {
        Output.WriteReset(streamId, code);
        _resets.Add(streamId);
    }

    /// <summary>Under the gate.</summary>
    public void OnStreamOffWire() => Streams.OnOffWire();

    /// <summary>Nobody uses the stream any more. Under the gate.</summary>
    public void OnStreamFinished(Http2Stream stream)
    {
        Streams.OnFinished(stream);
        if (Streams.Live == 0)
        {
            Life.OnIdle();
            _allEnded?.TrySetResult();
            CloseIfDone();
        }
    }

    /// <summary>Ends the read loop if the connection is shut down and no call is left. Under the gate.</summary>
    public void CloseIfDone()
    {
        if (Life.IsShutDown && Streams.Live == 0 && !_isClosed)
        {
            WakeReadLoop();
        }
    }

    private void WriteOpening()
    {
        Span<byte> settings = stackalloc byte[64];
        int length = PeerSettings.Write(
            settings, Options.MaxStreamsPerConnection, Options.StreamWindowBytes, Options.MaxRequestHeaderBytes);
        lock (Output.Gate)
        {
            settings[..length].CopyTo(Output.WriteFrame(FrameKind.Settings, FrameFlags.None, 0, length));
            int more = Options.ConnectionWindowBytes - PeerSettings.DefaultWindow;
            if (more > 0)
            {
                Output.WriteWindowUpdate(0, more);
            }
        }
    }

    private async Task<bool> ReadPrefaceAsync()
    {
        PipeReader input = _context.Transport.Input;
        while (true)
        {
            ReadResult read = await input.ReadAsync().ConfigureAwait(false);
            if (read.Buffer.Length >= Preface.Length)
            {
                ReadOnlySequence<byte> preface = read.Buffer.Slice(0, Preface.Length);
                bool isRight = preface.ToArray().AsSpan().SequenceEqual(Preface);
                input.AdvanceTo(preface.End);
                return isRight ? true : throw new Http2ConnectionException(Http2ErrorCode.ProtocolError, "the preface is wrong");
            }

            input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            ThrowIfFailed();
            if (read.IsCompleted)
            {
                return false;
            }
        }
    }

    private async Task ReadFramesAsync()
    {
        PipeReader input = _context.Transport.Input;
        while (true)
        {
            ReadResult read = await input.ReadAsync().ConfigureAwait(false);
            ThrowIfFailed();
            input.AdvanceTo(HandleBatch(read.Buffer), read.Buffer.End);
            Opener.StartAll();
            Output.EndBatch();
            if (Output.IsOverrun)
            {
                throw new Http2ConnectionException(Http2ErrorCode.EnhanceYourCalm, "the client does not read what it asks for");
            }

            if (read.IsCompleted || (read.IsCanceled && IsDone()))
            {
                return;
            }

            if (read.IsCanceled)
            {
                Streams.Trim();
            }
        }
    }

    private SequencePosition HandleBatch(in ReadOnlySequence<byte> buffer)
    {
        if (buffer.Length > 0)
        {
            Life.OnReceived();
        }

        lock (Output.Gate)
        {
            Output.BeginBatch();
            Streams.CollectFinished();
        }

        return _dispatcher.Dispatch(buffer);
    }

    private bool IsDone()
    {
        lock (Output.Gate)
        {
            return Life.IsShutDown && Streams.Live == 0;
        }
    }

    private void ThrowIfFailed()
    {
        if (_failure is not null)
        {
            throw _failure;
        }
    }

    private async Task CloseAsync(Http2ConnectionException? error)
    {
        Life.OnClosing();
        Opener.AbandonAll();
        foreach (Http2Stream stream in Streams.All)
        {
            stream.Abort();
        }

        _headers.Abandon();
        Task ended;
        lock (Output.Gate)
        {
            _isClosed = true;
            Output.Abandon();
            if (error is not null)
            {
                Output.WriteGoAway(Opener.LastStreamId, error.Code, error.Message);
            }

            Output.Flush();
            _allEnded = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            ended = Streams.Live == 0 ? Task.CompletedTask : _allEnded.Task;
        }

        await ended.ConfigureAwait(false);
        await Output.CloseAsync().ConfigureAwait(false);
        DropInput();
    }

    // Bytes that nobody read would make the system reset the connection, and the client would not see why.
    private void DropInput()
    {
        try
        {
            while (_context.Transport.Input.TryRead(out ReadResult rest) && !rest.IsCompleted && rest.Buffer.Length > 0)
            {
                _context.Transport.Input.AdvanceTo(rest.Buffer.End);
            }
        }
        catch (Exception lost) when (lost is IOException or OperationCanceledException or InvalidOperationException)
        {
            Log.LogDebug("Connection {Id} is lost: {Reason}", Id, lost.Message);
        }
    }
}

using System.Net.WebSockets;
using System.Threading.Channels;

namespace Etcdish.Streaming.Spdy;

/// <summary>
/// A SPDY/3.1 connection over any duplex byte stream: streams that either side opens, each complete in one direction before the other.
/// </summary>
/// <remarks>
/// Windows (section 2.6.8) are reported to the peer but its own are not waited for: Kubernetes' only implementation neither sends nor
/// honours WINDOW_UPDATE, and who waited for one would wait forever. What holds back a fast writer is the transport.
/// </remarks>
public sealed class SpdyConnection : IAsyncDisposable
{
    private readonly Stream _transport;
    private readonly StreamingLimits _limits;
    private readonly Dictionary<uint, SpdyStream> _streams = [];
    private readonly CancellationTokenSource _closed = new();
    private readonly Channel<SpdyStream> _opened = Channel.CreateUnbounded<SpdyStream>();
    private readonly Task _receiving;
    private readonly Task _sending;
    private readonly TaskCompletionSource _peerLeaves = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly uint _peerParity;
    private uint _lastPeerStream;
    private bool _isClosing;
    private volatile bool _isLeaving;

    /// <summary>Begins a connection on a transport, which it owns from now on.</summary>
    /// <param name="transport">The transport.</param>
    /// <param name="isServer">Whether this is the side that was called.</param>
    /// <param name="limits">Bounds.</param>
    public SpdyConnection(Stream transport, bool isServer, StreamingLimits limits)
    {
        _transport = transport;
        _limits = limits;
        _peerParity = isServer ? 1u : 0u;
        Closed = _closed.Token;
        Output = new SpdyOutput(transport, firstStream: isServer ? 2u : 1u, Closed);
        _sending = Task.Run(SendQueueAsync);
        _receiving = Task.Run(ReceiveAsync);
    }

    /// <summary>Cancelled when the connection carries nothing any more.</summary>
    public CancellationToken Closed { get; }

    /// <summary>Why the connection ended; null if it has not ended, or one side hung up when it might.</summary>
    public Exception? Failure { get; private set; }

    internal SpdyOutput Output { get; }

    private bool IsServer => _peerParity == 1;

    /// <summary>The next stream that the peer opened, to be accepted or reset; null when there will be none.</summary>
    public async ValueTask<SpdyStream?> AcceptStreamAsync(CancellationToken cancellation = default)
    {
        while (await _opened.Reader.WaitToReadAsync(cancellation))
        {
            if (_opened.Reader.TryRead(out var stream))
            {
                return stream;
            }
        }

        return null;
    }

    /// <summary>Opens a stream. It may be written at once; the peer may still refuse it, which shows as a reset.</summary>
    /// <exception cref="IOException">The connection is gone.</exception>
    public async ValueTask<SpdyStream> OpenStreamAsync(
        IReadOnlyDictionary<string, string> headers, CancellationToken cancellation = default)
    {
        SpdyStream? opened = null;
        await Output.SendSynStreamAsync(
            headers,
            SpdyFlags.None,
            id =>
            {
                opened = new SpdyStream(this, id, headers, _limits.ReceiveBufferBytes);
                Remember(opened);
            },
            cancellation);
        return opened!;
    }

    /// <summary>
    /// Takes leave: what was written reaches the peer, what it still sends is thrown away, and when it has hung up, or taken too long to,
    /// the transport is closed. When both sides take leave the client hangs up.
    /// </summary>
    public async Task CloseAsync()
    {
        try
        {
            foreach (var stream in BeginClosing())
            {
                stream.DiscardReceived();
            }

            await TakeLeaveAsync().WaitAsync(_limits.Linger, _limits.Clock);
            await (IsServer ? _receiving : Task.WhenAny(_receiving, _peerLeaves.Task)).WaitAsync(_limits.Linger, _limits.Clock);
        }
        catch (Exception e) when (IsEndOfTransport(e) || e is TimeoutException)
        {
            // Whoever does not hang up is hung up on.
        }

        await DisposeAsync();
    }

    /// <summary>Cuts the connection. What the peer has not received yet may be lost.</summary>
    public async ValueTask DisposeAsync()
    {
        BeginClosing();
        await _closed.CancelAsync();
        Output.CompleteQueue();
        await _transport.DisposeAsync();
        await _receiving;
        await _sending;
    }

    /// <summary>Whether a failure says that the transport is gone, and nothing else.</summary>
    internal static bool IsEndOfTransport(Exception e) =>
        e is IOException or OperationCanceledException or ObjectDisposedException or WebSocketException;

    internal void Forget(SpdyStream stream)
    {
        lock (_streams)
        {
            _streams.Remove(stream.Id);
        }
    }

    internal void TryEnqueue(byte[] frame)
    {
        try
        {
            Output.Enqueue(frame);
        }
        catch (StreamingProtocolException e)
        {
            Fail(e);
        }
    }

    internal SpdyStream? Find(uint id)
    {
        lock (_streams)
        {
            return _streams.GetValueOrDefault(id);
        }
    }

    /// <summary>The peer opened a stream. False if there are too many, or the connection is closing.</summary>
    /// <exception cref="StreamingProtocolException">Its number is not a new one of the peer's.</exception>
    internal bool TryAdd(uint id, IReadOnlyDictionary<string, string> headers, bool isComplete)
    {
        if (id % 2 != _peerParity || id <= _lastPeerStream)
        {
            throw new StreamingProtocolException($"a stream was opened with the number {id} behind {_lastPeerStream}");
        }

        _lastPeerStream = id;
        var stream = new SpdyStream(this, id, headers, _limits.ReceiveBufferBytes);
        lock (_streams)
        {
            if (_isClosing || _streams.Count >= _limits.MaxStreams)
            {
                return false;
            }

            _streams.Add(id, stream);
        }

        if (isComplete)
        {
            stream.OnFin();
        }

        return _opened.Writer.TryWrite(stream);
    }

    internal void HandleGoAway() => _peerLeaves.TrySetResult();

    internal void HandlePing(uint id)
    {
        if (id % 2 == _peerParity)
        {
            Output.Offer(SpdyFrames.Ping(id));
        }
    }

    private async Task TakeLeaveAsync()
    {
        _isLeaving = true;
        try
        {
            await Output.SendAsync(SpdyFrames.GoAway(_lastPeerStream, SpdyGoAwayCode.Ok), Closed);
        }
        catch (IOException e) when (!Closed.IsCancellationRequested)
        {
            Failure ??= e;
            throw;
        }
    }

    private SpdyStream[] BeginClosing()
    {
        lock (_streams)
        {
            _isClosing = true;
            _opened.Writer.TryComplete();
            return [.. _streams.Values];
        }
    }

    private void Remember(SpdyStream stream)
    {
        lock (_streams)
        {
            if (_isClosing)
            {
                throw new IOException("the connection is closing");
            }

            _streams.Add(stream.Id, stream);
        }
    }

    private async Task ReceiveAsync()
    {
        try
        {
            using var receiver = new SpdyReceiver(this, _transport, _limits);
            await receiver.RunAsync(Closed);
        }
        catch (StreamingProtocolException e)
        {
            await SendFarewellAsync(e);
        }
        catch (Exception e) when (IsEndOfTransport(e))
        {
            NoteFailure(e);
        }

        await EndAsync();
    }

    private async Task SendQueueAsync()
    {
        try
        {
            await Output.RunQueueAsync(Closed);
        }
        catch (Exception e) when (IsEndOfTransport(e))
        {
            Fail(e);
        }
    }

    private void Fail(Exception reason)
    {
        NoteFailure(reason);
        _closed.Cancel();
    }

    // What fails because this side closed the connection is no failure; nor is an answer for a peer that hung up after both took leave.
    private void NoteFailure(Exception reason)
    {
        if (!Closed.IsCancellationRequested && !_isLeaving)
        {
            Failure ??= reason;
        }
    }

    private async Task SendFarewellAsync(StreamingProtocolException reason)
    {
        Failure = reason;
        try
        {
            await Output.SendAsync(SpdyFrames.GoAway(_lastPeerStream, SpdyGoAwayCode.ProtocolError), Closed)
                .AsTask().WaitAsync(_limits.Linger, _limits.Clock);
        }
        catch (Exception e) when (IsEndOfTransport(e) || e is TimeoutException)
        {
            // It was for the peer, which is gone.
        }
    }

    private async Task EndAsync()
    {
        var lost = new IOException("the connection ended before the stream did", Failure);
        foreach (var stream in BeginClosing())
        {
            stream.OnLost(lost);
        }

        await _closed.CancelAsync();
    }
}

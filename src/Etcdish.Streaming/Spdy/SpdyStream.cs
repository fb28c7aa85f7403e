namespace Etcdish.Streaming.Spdy;

/// <summary>A stream of a <see cref="SpdyConnection"/>. Dispose it: a stream that is not complete is reset then.</summary>
public sealed class SpdyStream : SessionStream
{
    // Half of the window that every receiver grants at first (section 2.6.8).
    private const int WindowUpdateBytes = 32 * 1024;

    private readonly SpdyConnection _connection;
    private readonly Lock _gate = new();
    private int _unreported;
    private volatile bool _isWritingDone;
    private volatile bool _isReadingDone;

    internal SpdyStream(SpdyConnection connection, uint id, IReadOnlyDictionary<string, string> headers, int receiveBufferBytes)
        : base(receiveBufferBytes)
    {
        _connection = connection;
        Id = id;
        Headers = headers;
    }

    /// <summary>The stream's number: odd if the connection's client opened it.</summary>
    public uint Id { get; }

    /// <summary>The headers that it was opened with. Names in any case.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; }

    /// <summary>Accepts a stream that the peer opened. Before that nothing may be written.</summary>
    /// <exception cref="IOException">The connection is gone.</exception>
    public ValueTask AcceptAsync(CancellationToken cancellation = default) => _connection.Output.SendSynReplyAsync(Id, cancellation);

    /// <summary>Ends both directions at once. Does nothing if both have ended.</summary>
    public void Reset(SpdyResetCode code)
    {
        if (EndBoth())
        {
            _connection.Forget(this);
            _connection.TryEnqueue(SpdyFrames.RstStream(Id, code));
        }

        Abandon();
    }

    /// <inheritdoc/>
    /// <exception cref="IOException">The connection is gone, the stream was reset, or its writes are complete.</exception>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (buffer.Length > 0)
        {
            ThrowIfWritingDone();
            var count = Math.Min(buffer.Length, SpdyOutput.MaxDataBytes);
            await _connection.Output.SendDataAsync(Id, buffer[..count], SpdyFlags.None, cancellationToken);
            buffer = buffer[count..];
        }
    }

    /// <inheritdoc/>
    public override async ValueTask CompleteWritesAsync(CancellationToken cancellation = default)
    {
        bool isLast;
        lock (_gate)
        {
            if (_isWritingDone)
            {
                return;
            }

            _isWritingDone = true;
            isLast = _isReadingDone;
        }

        await _connection.Output.SendDataAsync(Id, default, SpdyFlags.Fin, cancellation);
        if (isLast)
        {
            _connection.Forget(this);
        }
    }

    /// <summary>Whether the peer may still send.</summary>
    internal bool IsReceiving => !_isReadingDone;

    /// <summary>The peer said that it is done. True if nothing is left of the stream.</summary>
    internal bool OnFin()
    {
        EndReceiving();
        lock (_gate)
        {
            _isReadingDone = true;
            return _isWritingDone;
        }
    }

    /// <summary>The stream ends without having been completed.</summary>
    internal void OnLost(Exception reason)
    {
        var wasReceiving = IsReceiving;
        EndBoth();
        if (wasReceiving)
        {
            EndReceiving(reason);
        }
    }

    private protected override void OnConsumed(int count)
    {
        _unreported += count;
        if (_unreported >= WindowUpdateBytes && !_isReadingDone && _connection.Output.Offer(SpdyFrames.WindowUpdate(Id, _unreported)))
        {
            _unreported = 0;
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing && !_isWritingDone)
        {
            Reset(SpdyResetCode.Cancel);
        }

        base.Dispose(disposing);
    }

    private void ThrowIfWritingDone()
    {
        if (_isWritingDone)
        {
            throw new IOException("the stream takes no more");
        }
    }

    private bool EndBoth()
    {
        lock (_gate)
        {
            var isOpen = !_isReadingDone || !_isWritingDone;
            _isReadingDone = _isWritingDone = true;
            return isOpen;
        }
    }
}

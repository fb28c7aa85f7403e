using System.Buffers;
using System.IO.Pipelines;
using System.Threading.Tasks.Sources;

namespace Etcdish.Rpc.Http2;

/// <summary>What keeps a response from going on.</summary>
internal enum SendStop
{
    /// <summary>Nothing of its own is left, or its own window is used up: it is offered again when that changes.</summary>
    Itself,

    /// <summary>The connection's window is used up.</summary>
    ConnectionWindow,

    /// <summary>The connection has enough to send for now.</summary>
    Output,
}

/// <summary>
/// The sending half of a stream: headers, then what the call wrote, then trailers. A call writes into an array of the body's own without
/// any lock; a flush hands it over to the output, which moves it on as frames when the windows allow. One writer; the output may be served
/// by any thread, under its gate.
/// </summary>
internal sealed class ResponseBody(Http2Stream stream, Http2Output output, long maxBufferedBytes)
    : PipeWriter, IValueTaskSource<FlushResult>
{
    private const int SmallestBuffer = 512;

    private ManualResetValueTaskSourceCore<FlushResult> _source = new() { RunContinuationsAsynchronously = true };
    private CancellationTokenRegistration _registration;
    private byte[]? _buffer;

    // Of _buffer: sent up to here, handed over to the output up to there, and written by the call up to the last.
    private int _sent;
    private int _committed;
    private int _written;

    private ReadOnlyMemory<byte> _headers;
    private ReadOnlyMemory<byte> _trailers;
    private bool _hasHeaders;
    private bool _areHeadersSent;
    private bool _isEnding;
    private bool _isWaiting;
    private bool _isGone;

    /// <summary>Bytes of data that the client still takes on this stream; negative after it lowered its window. Under the gate.</summary>
    public long Window { get; set; }

    /// <summary>Whether the body waits in one of the output's queues. Under the gate.</summary>
    public bool IsQueued { get; set; }

    /// <summary>The next one in that queue.</summary>
    public ResponseBody? Next { get; set; }

    public Http2Stream Stream => stream;

    /// <summary>Whether the last frame went to the output. Under the gate.</summary>
    public bool IsEndSent { get; private set; }

    /// <summary>Whether headers were handed over, after which they cannot change.</summary>
    public bool HasHeaders => _hasHeaders;

    /// <summary>Whether anything was written; what the writer asks itself.</summary>
    public bool IsEmpty => _written == 0 && !_hasHeaders;

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => _written - _committed;

    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        MakeRoom(Math.Max(sizeHint, 1));
        return _buffer.AsMemory(_written);
    }

    public override Span<byte> GetSpan(int sizeHint = 0)
    {
        MakeRoom(Math.Max(sizeHint, 1));
        return _buffer.AsSpan(_written);
    }

    public override void Advance(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)bytes, (uint)((_buffer?.Length ?? 0) - _written), nameof(bytes));
        _written += bytes;
    }

    /// <summary>Sets the header block; to be called once, before the first flush or the end.</summary>
    public void SetHeaders(ReadOnlyMemory<byte> block)
    {
        _headers = block;
        _hasHeaders = true;
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<FlushResult>(cancellationToken);
        }

        if (!_hasHeaders)
        {
            SetHeaders(stream.EncodeHeaders());
        }

        ValueTask<FlushResult> flush;
        lock (output.Gate)
        {
            if (_isGone)
            {
                return new(new FlushResult(isCanceled: false, isCompleted: true));
            }

            _committed = _written;
            output.Offer(this);
            if (_committed - _sent <= maxBufferedBytes)
            {
                ReleaseIfSent();
                return default;
            }

            _isWaiting = true;
            _source.Reset();
            flush = new(this, _source.Version);
        }

        _registration = cancellationToken.UnsafeRegister(
            static (body, token) => ((ResponseBody)body!).CancelWait(new OperationCanceledException(token)), this);
        return flush;
    }

    public override void CancelPendingFlush()
    {
        lock (output.Gate)
        {
            EndWait(new FlushResult(isCanceled: true, isCompleted: false));
        }
    }

    public override void Complete(Exception? exception = null)
    {
        // The call's status ends the body, not its writer.
    }

    /// <summary>Hands over all that was written, and the end. Under the gate.</summary>
    /// <param name="trailers">The trailers' block; empty for none, which ends the stream with its last frame.</param>
    public void End(ReadOnlyMemory<byte> trailers)
    {
        _trailers = trailers;
        _isEnding = true;
        _committed = _written;
        output.Offer(this);
    }

    /// <summary>Goes on if there was something to send; the client opened the window. Under the gate.</summary>
    public void OfferIfBegun()
    {
        if (_committed > _sent)
        {
            output.Offer(this);
        }
    }

    /// <summary>The stream was reset: nothing more is sent. Under the gate.</summary>
    public void Abandon()
    {
        _isGone = true;
        EndWait(new FlushResult(isCanceled: false, isCompleted: true));
    }

    /// <summary>Moves frames to the output until something stops it. Under the gate.</summary>
    public SendStop WriteFrames()
    {
        if (_isGone || IsEndSent)
        {
            return SendStop.Itself;
        }

        if (output.IsFull)
        {
            return SendStop.Output;
        }

        WriteHeaders();
        while (_committed > _sent)
        {
            int length = (int)Math.Min(Math.Min(_committed - _sent, Window), Math.Min(output.Window, FrameHeader.MaxPayload));
            if (length <= 0)
            {
                return Window <= 0 ? SendStop.Itself : SendStop.ConnectionWindow;
            }

            if (output.IsFull)
            {
                return SendStop.Output;
            }

            WriteData(length);
        }

        if (_isEnding && !IsEndSent)
        {
            WriteEnd();
        }

        return SendStop.Itself;
    }

    /// <summary>
    /// Frees the memory; when the output has no more use for it. Under the gate, or when no other thread knows the stream.
    /// </summary>
    public void Release()
    {
        if (_buffer is { } buffer)
        {
            _buffer = null;
            ArrayPool<byte>.Shared.Return(buffer);
        }

        _sent = _committed = _written = 0;
    }

    /// <summary>Makes the body new for the next stream; only after <see cref="Release"/>.</summary>
    public void Reset()
    {
        _headers = default;
        _trailers = default;
        _hasHeaders = _areHeadersSent = _isEnding = _isGone = false;
        IsEndSent = false;
    }

    FlushResult IValueTaskSource<FlushResult>.GetResult(short token)
    {
        _registration.Dispose();
        return _source.GetResult(token);
    }

    ValueTaskSourceStatus IValueTaskSource<FlushResult>.GetStatus(short token) => _source.GetStatus(token);

    void IValueTaskSource<FlushResult>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);

    private void WriteHeaders()
    {
        if (_areHeadersSent)
        {
            return;
        }

        _areHeadersSent = true;
        IsEndSent = _isEnding && _committed == _sent && _trailers.IsEmpty;
        output.WriteHeaders(stream.Id, _headers.Span, IsEndSent);
        if (IsEndSent)
        {
            stream.OnEndSent();
        }
    }

    private void WriteData(int length)
    {
        bool isEnd = _isEnding && length == _committed - _sent && _trailers.IsEmpty;
        output.WriteData(stream.Id, _buffer.AsSpan(_sent, length), isEnd);
        Window -= length;
        _sent += length;
        if (_committed - _sent <= maxBufferedBytes)
        {
            EndWait(default);
        }

        if (isEnd)
        {
            IsEndSent = true;
            stream.OnEndSent();
        }
    }

    private void WriteEnd()
    {
        IsEndSent = true;
        if (_trailers.IsEmpty)
        {
            output.WriteData(stream.Id, [], isEnd: true);
        }
        else
        {
            output.WriteHeaders(stream.Id, _trailers.Span, isEnd: true);
        }

        stream.OnEndSent();
    }

    private void EndWait(FlushResult result)
    {
        if (_isWaiting)
        {
            _isWaiting = false;
            _source.SetResult(result);
        }
    }

    private void CancelWait(OperationCanceledException canceled)
    {
        lock (output.Gate)
        {
            if (_isWaiting)
            {
                _isWaiting = false;
                _source.SetException(canceled);
            }
        }
    }

    // By the writer's thread only, because it alone knows that it writes into no memory that it got before. An idle stream holds none.
    private void ReleaseIfSent()
    {
        if (_sent == _written)
        {
            Release();
        }
    }

    private void MakeRoom(int count)
    {
        if (_buffer is not null && _buffer.Length - _written >= count)
        {
            return;
        }

        // The output may be reading what was handed over.
        lock (output.Gate)
        {
            int length = _written - _sent;
            byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(SmallestBuffer, Math.Max(length + count, 2 * length)));
            _buffer.AsSpan(_sent, length).CopyTo(larger);
            if (_buffer is { } buffer)
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }

            _buffer = larger;
            _committed -= _sent;
            _written = length;
            _sent = 0;
        }
    }
}

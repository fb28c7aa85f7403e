using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace Etcdish.Rpc.Http2;

/// <summary>
/// The sending side of a connection: one buffer that frames of all streams are appended to under <see cref="Gate"/>, and one flusher that
/// takes all of it at a time to the transport. Whoever makes the buffer non-empty starts the flusher if none runs, so calls that
/// complete close together leave in one write. While the buffer is full, responses queue up as they are, and take turns afterwards.
/// </summary>
internal sealed class Http2Output(PipeWriter transport) : IThreadPoolWorkItem
{
    // At this size responses wait; frames that answer the client's own (PING, SETTINGS, resets) do not, up to the second bound.
    private const int FullBytes = 64 * 1024;
    private const int MaxBytes = 256 * 1024;

    private const int SmallestBuffer = 4 * 1024;

    private readonly SendQueue _ready = new();
    private readonly SendQueue _blocked = new();
    private byte[]? _buffer;
    private int _length;
    private bool _isBatching;
    private bool _isFlushing;
    private bool _isBroken;
    private bool _isClosed;
    private byte[]? _inFlight;
    private int _inFlightLength;
    private TaskCompletionSource? _drained;

    /// <summary>Guards everything here, the sending half of each stream, and how streams end.</summary>
    public Lock Gate { get; } = new();

    /// <summary>Bytes of data that the client still takes on the connection. Under the gate.</summary>
    public long Window { get; private set; } = PeerSettings.DefaultWindow;

    /// <summary>Whether responses have to wait until more has left. Under the gate.</summary>
    public bool IsFull => _length >= FullBytes;

    /// <summary>DATA frames sent so far.</summary>
    public long DataFrames { get; private set; }

    /// <summary>Set when the client lets answers to its own frames pile up without reading them.</summary>
    public bool IsOverrun { get; private set; }

    /// <summary>From here to <see cref="EndBatch"/> nothing is flushed: the read loop is about to cause more. Under the gate.</summary>
    public void BeginBatch() => _isBatching = true;

    /// <summary>Flushes, on this thread, what has come together.</summary>
    public void EndBatch()
    {
        lock (Gate)
        {
            _isBatching = false;
            if (_isFlushing)
            {
                return;
            }

            _isFlushing = true;
            if (!TakeBuffer())
            {
                EndFlush();
                return;
            }
        }

        _ = FlushAsync();
    }

    /// <summary>Sends what a response has, now or in its turn. Under the gate.</summary>
    public void Offer(ResponseBody body)
    {
        if (body.IsQueued)
        {
            return;
        }

        Serve(body);
        StartFlush();
    }

    /// <summary>The client takes more data on the connection. Under the gate.</summary>
    /// <returns>False when the window is larger than the protocol allows.</returns>
    public bool AddWindow(int increment)
    {
        Window += increment;
        ServeQueues();
        StartFlush();
        return Window <= int.MaxValue;
    }

    /// <summary>Appends a frame whose payload the caller fills in. Under the gate.</summary>
    public Span<byte> WriteFrame(FrameKind kind, byte flags, int streamId, int length)
    {
        Span<byte> frame = Reserve(FrameHeader.Size + length);
        FrameHeader.Write(frame, length, kind, flags, streamId);
        StartFlush();
        return frame[FrameHeader.Size..];
    }

    /// <summary>Appends a header block in as many frames as it needs. Under the gate.</summary>
    public void WriteHeaders(int streamId, ReadOnlySpan<byte> block, bool isEnd)
    {
        FrameKind kind = FrameKind.Headers;
        byte endStream = isEnd ? FrameFlags.EndStream : FrameFlags.None;
        do
        {
            ReadOnlySpan<byte> fragment = block[..Math.Min(block.Length, FrameHeader.MaxPayload)];
            block = block[fragment.Length..];
            byte flags = (byte)(endStream | (block.IsEmpty ? FrameFlags.EndHeaders : FrameFlags.None));
            fragment.CopyTo(WriteFrame(kind, flags, streamId, fragment.Length));
            kind = FrameKind.Continuation;
            endStream = FrameFlags.None;
        }
        while (block.Length > 0);
    }

    /// <summary>Appends a DATA frame and takes it from the connection's window. Under the gate.</summary>
    public void WriteData(int streamId, ReadOnlySpan<byte> data, bool isEnd)
    {
        data.CopyTo(WriteFrame(FrameKind.Data, isEnd ? FrameFlags.EndStream : FrameFlags.None, streamId, data.Length));
        Window -= data.Length;
        DataFrames++;
    }

    /// <summary>Appends an RST_STREAM. Under the gate.</summary>
    public void WriteReset(int streamId, Http2ErrorCode code) =>
        BinaryPrimitives.WriteInt32BigEndian(WriteFrame(FrameKind.RstStream, FrameFlags.None, streamId, 4), (int)code);

    /// <summary>Appends a WINDOW_UPDATE.</summary>
    public void WriteWindowUpdate(int streamId, int increment)
    {
        lock (Gate)
        {
            BinaryPrimitives.WriteInt32BigEndian(WriteFrame(FrameKind.WindowUpdate, FrameFlags.None, streamId, 4), increment);
        }
    }

    /// <summary>Appends a PING or its answer.</summary>
    public void WritePing(byte flags, ReadOnlySpan<byte> payload)
    {
        lock (Gate)
        {
            payload.CopyTo(WriteFrame(FrameKind.Ping, flags, 0, payload.Length));
        }
    }

    /// <summary>Appends a GOAWAY; its text is for whoever looks at it.</summary>
    public void WriteGoAway(int lastStreamId, Http2ErrorCode code, string text)
    {
        const int FixedBytes = 8;
        lock (Gate)
        {
            Span<byte> payload = WriteFrame(FrameKind.GoAway, FrameFlags.None, 0, FixedBytes + text.Length);
            BinaryPrimitives.WriteInt32BigEndian(payload, lastStreamId);
            BinaryPrimitives.WriteInt32BigEndian(payload[4..], (int)code);
            System.Text.Ascii.FromUtf16(text, payload[FixedBytes..], out _);
        }
    }

    /// <summary>Starts a flush whatever batch was begun. Under the gate.</summary>
    public void Flush()
    {
        _isBatching = false;
        StartFlush();
    }

    /// <summary>
    /// Completes when everything appended so far is with the transport, or the transport has failed. Nothing is sent afterwards.
    /// </summary>
    public Task CloseAsync()
    {
        lock (Gate)
        {
            Flush();
            _isClosed = true;
            if (!_isFlushing)
            {
                return Task.CompletedTask;
            }

            _drained ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _drained.Task;
        }
    }

    /// <summary>The connection ends: what waits for the client's windows will not be sent.</summary>
    public void Abandon()
    {
        lock (Gate)
        {
            while (_blocked.TryDequeue(out ResponseBody? body) || _ready.TryDequeue(out body))
            {
                body.Stream.OnLeftQueue();
            }
        }
    }

    void IThreadPoolWorkItem.Execute()
    {
        lock (Gate)
        {
            if (!TakeBuffer())
            {
                EndFlush();
                return;
            }
        }

        _ = FlushAsync();
    }

    private void Serve(ResponseBody body)
    {
        switch (body.WriteFrames())
        {
            case SendStop.ConnectionWindow:
                _blocked.Enqueue(body);
                break;
            case SendStop.Output:
                _ready.Enqueue(body);
                break;
            default:
                break;
        }
    }

    // Each body is served for something it can send: many that wait for the window cost nothing when a little of it comes.
    private void ServeQueues()
    {
        while (!IsFull && (_ready.TryDequeue(out ResponseBody? body) || (Window > 0 && _blocked.TryDequeue(out body))))
        {
            Serve(body);
            body.Stream.OnLeftQueue();
        }
    }

    private Span<byte> Reserve(int count)
    {
        int end = _length + count;
        if (end > MaxBytes)
        {
            // The read loop ends the connection. Until then frames are dropped, which nobody who does not read will miss.
            IsOverrun = true;
            _length = 0;
            end = count;
        }

        if (_buffer is null || _buffer.Length < end)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(SmallestBuffer, end));
            _buffer.AsSpan(0, _length).CopyTo(larger);
            if (_buffer is { } buffer)
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }

            _buffer = larger;
        }

        Span<byte> reserved = _buffer.AsSpan(_length, count);
        _length = end;
        return reserved;
    }

    private void StartFlush()
    {
        if (!_isFlushing && !_isBatching && !_isClosed && _length > 0)
        {
            _isFlushing = true;
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }

    /// <summary>Takes all that is there as the next write; false when there is nothing. Under the gate.</summary>
    private bool TakeBuffer()
    {
        ReleaseInFlight();
        if (_length == 0)
        {
            ServeQueues();
            if (_length == 0)
            {
                return false;
            }
        }

        _inFlight = _buffer;
        _inFlightLength = _length;
        _buffer = null;
        _length = 0;
        ServeQueues();
        return true;
    }

    /// <summary>Writes what was taken, and more as long as there is more; does not throw.</summary>
    private async Task FlushAsync()
    {
        bool hasMore = true;
        while (hasMore)
        {
            bool isBroken = _isBroken || await WriteAsync().ConfigureAwait(false);
            lock (Gate)
            {
                _isBroken = isBroken;
                hasMore = TakeBuffer();
                if (!hasMore)
                {
                    EndFlush();
                }
            }
        }
    }

    /// <summary>Passes the bytes on; true when the transport takes no more. The read loop sees the end of the connection too.</summary>
    [AsyncMethodBuilder(typeof(RecyclingMethodBuilder<>))]
    private async ValueTask<bool> WriteAsync()
    {
        try
        {
            FlushResult result = await transport.WriteAsync(_inFlight.AsMemory(0, _inFlightLength)).ConfigureAwait(false);
            return result.IsCompleted;
        }
        catch (Exception lost) when (lost is IOException or OperationCanceledException or InvalidOperationException)
        {
            return true;
        }
    }

    private void EndFlush()
    {
        _isFlushing = false;
        _drained?.TrySetResult();
        _drained = null;
    }

    private void ReleaseInFlight()
    {
        if (_inFlight is { } sent)
        {
            _inFlight = null;
            ArrayPool<byte>.Shared.Return(sent);
        }
    }
}

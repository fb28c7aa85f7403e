using System.Buffers;
using System.IO.Pipelines;
using System.Threading.Tasks.Sources;
using Microsoft.AspNetCore.Http;

namespace Etcdish.Rpc.Http2;

/// <summary>
/// The receiving half of a stream: the read loop adds what DATA frames bring, a call reads it. The bytes lie in one rented array, so that
/// a message lies contiguous whatever frames it came in. What the reader has looked at is given back to the windows.
/// One reader; it may be on any thread.
/// </summary>
internal sealed class RequestBody(Http2Stream stream) : PipeReader, IValueTaskSource<ReadResult>
{
    private const int SmallestBuffer = 1024;

    private readonly Lock _gate = new();
    private ManualResetValueTaskSourceCore<ReadResult> _source = new() { RunContinuationsAsynchronously = true };
    private CancellationTokenRegistration _registration;

    // The bytes not yet consumed are those from _start to _end.
    private byte[]? _buffer;
    private int _start;
    private int _end;

    // Where in _buffer the bytes begin that the reader has not looked at: what lies before is in no window any more.
    private int _examined;

    // Which byte of the whole body lies at index 0 of _buffer.
    private long _base;

    // The array that the reader holds between a read and its AdvanceTo, and its base. It stays valid even if the body outgrows it.
    private byte[]? _held;
    private long _heldBase;

    private long _receivedBytes;
    private long? _maxBytes;
    private bool _isComplete;
    private bool _isWaiting;
    private bool _isCanceled;
    private bool _isDiscarded;
    private Exception? _failure;

    /// <summary>Whether everything has arrived, so that a reader would not wait.</summary>
    public bool IsComplete => Volatile.Read(ref _isComplete);

    /// <summary>Whether there is nothing to read now or later.</summary>
    public bool IsEmptyAndComplete => IsComplete && _receivedBytes == 0;

    /// <summary>Whether a reader has taken some of it.</summary>
    public bool IsReadStarted => _base + _examined > 0;

    /// <summary>Bounds the whole body; a larger one makes reading it fail with 413.</summary>
    /// <param name="bytes">The bound, null for none.</param>
    /// <param name="announced">The length that the client announced, if it did.</param>
    public void SetMaxBytes(long? bytes, long? announced)
    {
        lock (_gate)
        {
            _maxBytes = bytes;
            if (announced > bytes || _receivedBytes > bytes)
            {
                FailLocked(TooLarge());
            }
        }
    }

    /// <summary>Adds bytes. They count in the windows until the reader has looked at them. Called by the read loop.</summary>
    /// <returns>Bytes to give back to the windows at once, because nobody will read them.</returns>
    public int Append(ReadOnlySpan<byte> data)
    {
        lock (_gate)
        {
            _receivedBytes += data.Length;
            if (_isDiscarded || _failure is not null)
            {
                return data.Length;
            }

            if (_receivedBytes > _maxBytes)
            {
                FailLocked(TooLarge());
                return data.Length;
            }

            MakeRoom(data.Length);
            data.CopyTo(_buffer.AsSpan(_end));
            _end += data.Length;
            Wake();
            return 0;
        }
    }

    /// <summary>The client has sent all. Called by the read loop.</summary>
    public void SetComplete()
    {
        lock (_gate)
        {
            _isComplete = true;
            Wake();
        }
    }

    /// <summary>The stream is gone; reading fails.</summary>
    public void Fail(Exception failure)
    {
        lock (_gate)
        {
            FailLocked(failure);
        }
    }

    /// <summary>The call has ended: frees the memory, and drops what comes from now on.</summary>
    /// <returns>Bytes that still counted in the windows.</returns>
    public int Discard()
    {
        lock (_gate)
        {
            int left = _end - _examined;
            _isDiscarded = true;
            _start = _end;
            Rebase();
            ReleaseHeld();
            ReleaseBuffer();
            return left;
        }
    }

    /// <summary>Makes the body new for the next stream; only after <see cref="Discard"/>.</summary>
    public void Reset()
    {
        _base = 0;
        _receivedBytes = 0;
        _isComplete = false;
        _isCanceled = false;
        _isDiscarded = false;
        _failure = null;
        _maxBytes = null;
    }

    public override bool TryRead(out ReadResult result)
    {
        lock (_gate)
        {
            return TryReadLocked(out result);
        }
    }

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<ReadResult>(cancellationToken);
        }

        ValueTask<ReadResult> read;
        lock (_gate)
        {
            if (TryReadLocked(out ReadResult result))
            {
                return new(result);
            }

            _isWaiting = true;
            _source.Reset();
            read = new(this, _source.Version);
        }

        _registration = cancellationToken.UnsafeRegister(
            static (body, token) => ((RequestBody)body!).CancelWait(new OperationCanceledException(token)), this);
        return read;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        int newlyExamined;
        lock (_gate)
        {
            // Positions are indexes of the array that was handed out; the bytes may have moved to another since.
            int consumedTo = (int)(_heldBase + consumed.GetInteger() - _base);
            int examinedTo = (int)(_heldBase + examined.GetInteger() - _base);
            ReleaseHeld();
            if (_isDiscarded)
            {
                return;
            }

            newlyExamined = Math.Max(0, Math.Max(consumedTo, examinedTo) - _examined);
            _examined += newlyExamined;
            _start = consumedTo;
            if (_start == _end)
            {
                Rebase();
                ReleaseBuffer();
            }
        }

        stream.OnBodyRead(newlyExamined);
    }

    public override void CancelPendingRead()
    {
        lock (_gate)
        {
            _isCanceled = true;
            Wake();
        }
    }

    public override void Complete(Exception? exception = null) => stream.OnBodyRead(Discard());

    ReadResult IValueTaskSource<ReadResult>.GetResult(short token)
    {
        _registration.Dispose();
        return _source.GetResult(token);
    }

    ValueTaskSourceStatus IValueTaskSource<ReadResult>.GetStatus(short token) => _source.GetStatus(token);

    void IValueTaskSource<ReadResult>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);

    private bool TryReadLocked(out ReadResult result)
    {
        if (_failure is not null)
        {
            throw _failure is BadHttpRequestException ? TooLarge() : new IOException(_failure.Message, _failure);
        }

        if (_isDiscarded)
        {
            throw new InvalidOperationException("The request's body was completed.");
        }

        bool isCanceled = _isCanceled;
        if (!isCanceled && !_isComplete && _examined == _end)
        {
            result = default;
            return false;
        }

        _isCanceled = false;
        _held = _buffer;
        _heldBase = _base;
        result = new ReadResult(
            _buffer is null ? default : new ReadOnlySequence<byte>(_buffer, _start, _end - _start), isCanceled, _isComplete);
        return true;
    }

    private void Wake()
    {
        if (_isWaiting && TryReadLocked(out ReadResult result))
        {
            _isWaiting = false;
            _source.SetResult(result);
        }
    }

    private void FailLocked(Exception failure)
    {
        _failure ??= failure;
        if (_isWaiting)
        {
            _isWaiting = false;
            _source.SetException(failure is BadHttpRequestException ? failure : new IOException(failure.Message, failure));
        }
    }

    private void CancelWait(OperationCanceledException canceled)
    {
        lock (_gate)
        {
            if (_isWaiting)
            {
                _isWaiting = false;
                _source.SetException(canceled);
            }
        }
    }

    private void MakeRoom(int count)
    {
        if (_buffer is not null && _buffer.Length - _end >= count)
        {
            return;
        }

        // Never in place: the reader may hold these bytes.
        int length = _end - _start;
        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(SmallestBuffer, Math.Max(length + count, 2 * length)));
        _buffer.AsSpan(_start, length).CopyTo(larger);
        Rebase();
        ReleaseBuffer();
        _buffer = larger;
    }

    /// <summary>Counts from the first byte not consumed.</summary>
    private void Rebase()
    {
        _base += _start;
        _examined = Math.Max(0, _examined - _start);
        _end -= _start;
        _start = 0;
    }

    private void ReleaseBuffer()
    {
        if (_buffer is { } buffer && buffer != _held)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        _buffer = null;
    }

    private void ReleaseHeld()
    {
        if (_held is { } held && held != _buffer)
        {
            ArrayPool<byte>.Shared.Return(held);
        }

        _held = null;
    }

    private BadHttpRequestException TooLarge() =>
        new($"Request body too large. The max request body size is {_maxBytes} bytes.", StatusCodes.Status413PayloadTooLarge);
}

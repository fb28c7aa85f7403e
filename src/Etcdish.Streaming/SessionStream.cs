using System.IO.Pipelines;

namespace Etcdish.Streaming;

/// <summary>
/// One of the streams that share a connection. Its two directions end separately: reading returns 0 when the peer has completed its side,
/// and <see cref="CompleteWritesAsync"/> completes ours. One reader and one writer at a time. Disposing gives up both directions.
/// </summary>
/// <remarks>
/// What arrives waits in a bounded buffer. When it is full the connection is not read on, so that the peer has to wait, until this stream
/// is read or disposed of.
/// </remarks>
public abstract class SessionStream : Stream
{
    private readonly Pipe _received;
    private volatile bool _isDiscarding;
    private volatile bool _isAbandoned;

    private protected SessionStream(int receiveBufferBytes)
    {
        _received = new Pipe(new PipeOptions(
            pauseWriterThreshold: receiveBufferBytes,
            resumeWriterThreshold: Math.Max(1, receiveBufferBytes / 2),
            useSynchronizationContext: false));
    }

    /// <inheritdoc/>
    public sealed override bool CanRead => true;

    /// <inheritdoc/>
    public sealed override bool CanWrite => true;

    /// <inheritdoc/>
    public sealed override bool CanSeek => false;

    /// <summary>Not supported.</summary>
    public sealed override long Length => throw new NotSupportedException();

    /// <summary>Not supported.</summary>
    public sealed override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Tells the peer that nothing more will be written, where the protocol can say so. Reading goes on.</summary>
    /// <exception cref="IOException">The connection is gone.</exception>
    public abstract ValueTask CompleteWritesAsync(CancellationToken cancellation = default);

    /// <inheritdoc/>
    /// <exception cref="IOException">The stream was reset, or the connection ended before the peer completed it.</exception>
    public sealed override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_isAbandoned, this);
        var result = await _received.Reader.ReadAsync(cancellationToken);
        if (result.IsCanceled)
        {
            _received.Reader.AdvanceTo(result.Buffer.Start);
            throw new ObjectDisposedException(GetType().Name);
        }

        var count = (int)Math.Min(result.Buffer.Length, buffer.Length);
        var part = result.Buffer.Slice(0, count);
        Copy(part, buffer.Span);
        _received.Reader.AdvanceTo(part.End);
        OnConsumed(count);
        return count;
    }

    /// <inheritdoc/>
    public sealed override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public sealed override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public abstract override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default);

    /// <summary>Not supported: a connection is never read by blocking a thread.</summary>
    public sealed override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <summary>Not supported: a connection is never written by blocking a thread.</summary>
    public sealed override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <summary>Does nothing: what is written is on its way.</summary>
    public sealed override void Flush()
    {
    }

    /// <summary>Does nothing: what is written is on its way.</summary>
    public sealed override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Not supported.</summary>
    public sealed override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <summary>Not supported.</summary>
    public sealed override void SetLength(long value) => throw new NotSupportedException();

    /// <summary>Takes what arrived for this stream. Completes when there is room for more.</summary>
    internal async ValueTask ReceiveAsync(ReadOnlyMemory<byte> data, CancellationToken cancellation)
    {
        if (!_isDiscarding)
        {
            await _received.Writer.WriteAsync(data, cancellation);
        }
    }

    /// <summary>The peer completed its side, or, with a failure, will never do so. Called by the connection's reader alone.</summary>
    internal void EndReceiving(Exception? failure = null) => _received.Writer.Complete(failure);

    /// <summary>What arrives from now on is thrown away, so that it holds up nobody.</summary>
    internal void DiscardReceived()
    {
        _isDiscarding = true;
        _received.Writer.CancelPendingFlush();
    }

    /// <summary>Nobody will read any more; who is reading fails.</summary>
    private protected void Abandon()
    {
        if (!_isAbandoned)
        {
            _isAbandoned = true;
            DiscardReceived();
            _received.Reader.CancelPendingRead();
        }
    }

    private protected virtual void OnConsumed(int count)
    {
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Abandon();
        }

        base.Dispose(disposing);
    }

    private static void Copy(System.Buffers.ReadOnlySequence<byte> source, Span<byte> target)
    {
        foreach (var segment in source)
        {
            segment.Span.CopyTo(target);
            target = target[segment.Length..];
        }
    }
}

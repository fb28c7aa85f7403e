using System.Buffers;
using System.IO.Pipelines;

namespace Etcdish.ApiServer.InProcess;

/// <summary>
/// What the server writes an answer into. It stays here while it may yet turn out to be whole; the first part that is sent before that
/// opens a pipe, which the client reads, and whose size holds the server back when the client is slow.
/// </summary>
internal sealed class AnswerWriter(InProcessExchange exchange) : PipeWriter
{
    private static readonly PipeOptions _options = new(
        pauseWriterThreshold: 512 * 1024,
        resumeWriterThreshold: 256 * 1024,
        minimumSegmentSize: 16 * 1024,
        useSynchronizationContext: false);

    private byte[] _buffer = [];
    private int _length;
    private int _flushed;
    private PipeWriter? _parts;

    /// <summary>Whether the client reads while this is written.</summary>
    public bool IsStreaming => _parts is not null;

    /// <summary>Bytes written so far.</summary>
    public long Written { get; private set; }

    /// <summary>All that was written, if it was not streamed.</summary>
    public ReadOnlyMemory<byte> Whole => _buffer.AsMemory(0, _length);

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => _parts?.UnflushedBytes ?? _length - _flushed;

    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (_parts is not null)
        {
            return _parts.GetMemory(sizeHint);
        }

        if (_buffer.Length - _length < Math.Max(sizeHint, 1))
        {
            // An answer that says how long it is gets just that.
            var wanted = Math.Max(_length + Math.Max(sizeHint, 1), Math.Min(exchange.AnswerLength ?? 1024, 512 * 1024));
            Array.Resize(ref _buffer, (int)Math.Max(wanted, _length == 0 ? 0 : _buffer.Length * 2L));
        }

        return _buffer.AsMemory(_length);
    }

    public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public override void Advance(int bytes)
    {
        Written += bytes;
        if (_parts is not null)
        {
            _parts.Advance(bytes);
            return;
        }

        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, _buffer.Length - _length);
        _length += bytes;
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        exchange.HasStarted = true;
        if (_parts is null)
        {
            if (exchange.AnswerLength == _length)
            {
                _flushed = _length;
                return default;
            }

            BeginParts();
        }

        return _parts!.FlushAsync(cancellationToken);
    }

    public override void CancelPendingFlush() => _parts?.CancelPendingFlush();

    /// <summary>Nothing yet: the answer ends when the server is done with the request.</summary>
    public override void Complete(Exception? exception = null)
    {
    }

    /// <summary>Ends what the client reads.</summary>
    public void End(Exception? failure) =>
        _parts!.Complete(failure is null or IOException ? failure : new IOException(failure.Message, failure));

    private void BeginParts()
    {
        var pipe = new Pipe(_options);
        pipe.Writer.Write(_buffer.AsSpan(0, _length));
        _buffer = [];
        _parts = pipe.Writer;
        exchange.Begin(pipe.Reader);
    }
}

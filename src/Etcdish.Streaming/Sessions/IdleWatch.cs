namespace Etcdish.Streaming.Sessions;

/// <summary>A transport that is cut when nothing went through it for a time, in either direction.</summary>
internal sealed class IdleWatch : Stream
{
    private const int ChecksPerTimeout = 4;

    private readonly Stream _transport;
    private readonly StreamingLimits _limits;
    private readonly Action _cut;
    private readonly ITimer _timer;
    private long _lastUse;

    /// <param name="transport">The transport, which is owned from now on.</param>
    /// <param name="limits">Its idle time and its clock.</param>
    /// <param name="cut">Cuts the transport, also while it is read and written.</param>
    public IdleWatch(Stream transport, StreamingLimits limits, Action cut)
    {
        _transport = transport;
        _limits = limits;
        _cut = cut;
        _lastUse = limits.Clock.GetTimestamp();
        var period = limits.IdleTimeout / ChecksPerTimeout;
        _timer = limits.Clock.CreateTimer(static watch => ((IdleWatch)watch!).Check(), this, period, period);
    }

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var count = await _transport.ReadAsync(buffer, cancellationToken);
        Touch();
        return count;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await _transport.WriteAsync(buffer, cancellationToken);
        Touch();
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => _transport.FlushAsync(cancellationToken);

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush() => throw new NotSupportedException();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override async ValueTask DisposeAsync()
    {
        await _timer.DisposeAsync();
        await _transport.DisposeAsync();
        await base.DisposeAsync();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _timer.Dispose();
            _transport.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Touch() => Volatile.Write(ref _lastUse, _limits.Clock.GetTimestamp());

    private void Check()
    {
        if (_limits.Clock.GetElapsedTime(Volatile.Read(ref _lastUse)) >= _limits.IdleTimeout)
        {
            _cut();
        }
    }
}

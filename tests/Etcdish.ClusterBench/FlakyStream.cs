namespace Etcdish.ClusterBench;

/// <summary>A watch that is slow at times, and ends in the middle of a line, or breaks.</summary>
internal sealed class FlakyStream(Stream inner, FlakyHandler faults, Flakiness flakiness) : Stream
{
    private bool _hasEnded;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_hasEnded)
        {
            return 0;
        }

        var count = await inner.ReadAsync(buffer, cancellationToken);
        await faults.MaybeWaitAsync(flakiness.SlowWatches, cancellationToken);
        if (!faults.Strikes(flakiness.CutWatches))
        {
            return count;
        }

        if (count % 2 == 0)
        {
            throw new IOException("flaky: the watch broke");
        }

        _hasEnded = true;
        return count / 2;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }
}

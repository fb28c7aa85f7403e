using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Etcdish.ApiServer.Http;

/// <summary>
/// The output of a connection beneath TLS. What is written while it is held leaves together: each flush of a watch is several records, and
/// a system call for each of them costs more than the encryption.
/// </summary>
internal sealed class GatheredSends(PipeWriter transport) : PipeWriter
{
    // Beyond this the transport is asked to send, held or not, so that its bounds hold.
    private const long MostHeldBytes = 128 * 1024;

    // TLS may answer its peer (a new key) while somebody's records are released.
    private readonly Lock _lock = new();
    private bool _isHeld;

    /// <summary>Keeps what is written from now on, until it is released.</summary>
    public void Hold()
    {
        lock (_lock)
        {
            _isHeld = true;
        }
    }

    /// <summary>Sends what was kept.</summary>
    public ValueTask<FlushResult> ReleaseAsync(CancellationToken cancellation)
    {
        lock (_lock)
        {
            _isHeld = false;
            return transport.FlushAsync(cancellation);
        }
    }

    public override bool CanGetUnflushedBytes => transport.CanGetUnflushedBytes;

    public override long UnflushedBytes => transport.UnflushedBytes;

    public override Memory<byte> GetMemory(int sizeHint = 0) => transport.GetMemory(sizeHint);

    public override Span<byte> GetSpan(int sizeHint = 0) => transport.GetSpan(sizeHint);

    public override void Advance(int bytes) => transport.Advance(bytes);

    public override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            transport.Write(source.Span);
            return FlushAsync(cancellationToken);
        }
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            return _isHeld && transport.UnflushedBytes < MostHeldBytes ? default : transport.FlushAsync(cancellationToken);
        }
    }

    public override void CancelPendingFlush() => transport.CancelPendingFlush();

    public override void Complete(Exception? exception = null) => transport.Complete(exception);

    public override ValueTask CompleteAsync(Exception? exception = null) => transport.CompleteAsync(exception);
}

/// <summary>Puts such an output under a listener's connections.</summary>
internal static class GatheredSendsExtensions
{
    /// <summary>Adds this to a listener, before TLS.</summary>
    public static void UseGatheredSends(this ListenOptions listen) => listen.Use(next => async connection =>
    {
        var before = connection.Transport;
        var output = new GatheredSends(before.Output);
        connection.Features.Set(output);
        connection.Transport = new Duplex(before.Input, output);
        try
        {
            await next(connection);
        }
        finally
        {
            connection.Transport = before;
        }
    });
}

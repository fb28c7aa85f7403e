using System.IO.Pipelines;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Etcdish.ApiServer.Http;

/// <summary>
/// Lets what a connection sends gather into whole TLS records, and the records of one flush into one send. Kestrel hands blocks of 4 KiB to
/// the encryption; each becomes a record, and when the writer itself sends it, a system call.
/// </summary>
internal static class LargeTlsRecords
{
    // The most that one record holds (RFC 8446, 5.1).
    private const int RecordBytes = 16 * 1024;

    /// <summary>Adds this to a listener, behind TLS, beneath which there are <see cref="GatheredSends"/>.</summary>
    public static void UseLargeTlsRecords(this ListenOptions listen) => listen.Use(next => async connection =>
    {
        var stream = connection.Features.GetRequiredFeature<ISslStreamFeature>().SslStream;
        var before = connection.Transport;
        var records = PipeWriter.Create(stream, new StreamPipeWriterOptions(minimumBufferSize: RecordBytes, leaveOpen: true));
        var output = new RecordWriter(records, connection.Features.GetRequiredFeature<GatheredSends>());
        connection.Transport = new Duplex(before.Input, output);
        try
        {
            await next(connection);
        }
        finally
        {
            await output.CompleteAsync();
            connection.Transport = before;
        }
    });

    private sealed class RecordWriter(PipeWriter records, GatheredSends sends) : PipeWriter
    {
        public override bool CanGetUnflushedBytes => true;

        public override long UnflushedBytes => records.UnflushedBytes;

        public override Memory<byte> GetMemory(int sizeHint = 0) => records.GetMemory(sizeHint);

        public override Span<byte> GetSpan(int sizeHint = 0) => records.GetSpan(sizeHint);

        public override void Advance(int bytes) => records.Advance(bytes);

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) =>
            records.UnflushedBytes <= RecordBytes ? records.FlushAsync(cancellationToken) : FlushTogetherAsync(cancellationToken);

        public override void CancelPendingFlush() => records.CancelPendingFlush();

        public override void Complete(Exception? exception = null) => records.Complete(exception);

        public override ValueTask CompleteAsync(Exception? exception = null) => records.CompleteAsync(exception);

        private async ValueTask<FlushResult> FlushTogetherAsync(CancellationToken cancellation)
        {
            sends.Hold();
            FlushResult result;
            try
            {
                result = await records.FlushAsync(cancellation);
            }
            finally
            {
                await sends.ReleaseAsync(cancellation);
            }

            return result;
        }
    }
}

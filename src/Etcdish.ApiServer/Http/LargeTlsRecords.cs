using System.IO.Pipelines;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Etcdish.ApiServer.Http;

/// <summary>
/// Lets what a connection sends gather into whole TLS records. Kestrel hands blocks of 4 KiB to the encryption; each becomes a record, and
/// when the writer itself sends it, a system call.
/// </summary>
internal static class LargeTlsRecords
{
    // The most that one record holds (RFC 8446, 5.1).
    private const int RecordBytes = 16 * 1024;

    /// <summary>Adds this to a listener, behind TLS.</summary>
    public static void UseLargeTlsRecords(this ListenOptions listen) => listen.Use(next => async connection =>
    {
        var stream = connection.Features.GetRequiredFeature<ISslStreamFeature>().SslStream;
        var before = connection.Transport;
        var output = PipeWriter.Create(stream, new StreamPipeWriterOptions(minimumBufferSize: RecordBytes, leaveOpen: true));
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

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}

using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace Etcdish.Rpc;

/// <summary>
/// Lets one plain-text port serve HTTP/2 with prior knowledge (gRPC) and HTTP/1.1 (health, metrics, gateway), as etcd does. It looks at a
/// connection's first bytes without consuming them: those of the HTTP/2 preface go to the engine, all others to Kestrel's HTTP/1.1.
/// </summary>
internal sealed class ProtocolSniffer(ConnectionDelegate http2, ConnectionDelegate http1, TimeSpan timeout)
{
    private enum Verdict
    {
        NeedMore,
        Http2,
        Http1,
    }

    private static ReadOnlySpan<byte> Preface => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8;

    public async Task OnConnectionAsync(ConnectionContext connection)
    {
        switch (await SniffAsync(connection).ConfigureAwait(false))
        {
            case Verdict.Http2:
                await http2(connection).ConfigureAwait(false);
                break;
            case Verdict.Http1:
                await http1(connection).ConfigureAwait(false);
                break;
            default:
                break;
        }
    }

    internal static bool? IsHttp2(in ReadOnlySequence<byte> start) => Judge(start) switch
    {
        Verdict.Http2 => true,
        Verdict.Http1 => false,
        _ => null,
    };

    /// <summary>NeedMore at the end means that the client never said enough: it left, took too long, or the server stops.</summary>
    private async Task<Verdict> SniffAsync(ConnectionContext connection)
    {
        CancellationToken stopping = connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.ConnectionClosedRequested ?? default;
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(stopping, connection.ConnectionClosed);
        giveUp.CancelAfter(timeout);
        PipeReader input = connection.Transport.Input;
        try
        {
            while (true)
            {
                ReadResult read = await input.ReadAsync(giveUp.Token).ConfigureAwait(false);
                Verdict verdict = Judge(read.Buffer);
                if (verdict == Verdict.NeedMore)
                {
                    input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
                }
                else
                {
                    // Nothing counts as examined, so that the next reader gets these bytes at once.
                    input.AdvanceTo(read.Buffer.Start);
                }

                if (verdict != Verdict.NeedMore || read.IsCompleted)
                {
                    return verdict;
                }
            }
        }
        catch (Exception gone) when (gone is OperationCanceledException or IOException)
        {
            return Verdict.NeedMore;
        }
    }

    private static Verdict Judge(in ReadOnlySequence<byte> start)
    {
        int length = (int)Math.Min(start.Length, Preface.Length);
        Span<byte> bytes = stackalloc byte[length];
        start.Slice(0, length).CopyTo(bytes);
        if (!Preface.StartsWith(bytes))
        {
            return Verdict.Http1;
        }

        return length == Preface.Length ? Verdict.Http2 : Verdict.NeedMore;
    }
}

using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using Etcdish.Rpc.Wire;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Etcdish.Rpc;

/// <summary>
/// Lets clients in that send a URL where HTTP/2 wants a host: etcd's Go client before 3.5 dials some calls (endpoint status, defrag) with
/// <c>:authority</c> set to "http://host:port". grpc-go takes that; Kestrel resets the stream and has no switch for it. So this stands
/// between a connection and Kestrel's HTTP/2, and replaces such an authority by the URL's host.
/// <para>
/// A client has one authority for a connection, so the first HEADERS frame decides. Up to its end, bytes go through a pipe of our own;
/// then, if its authority was in order, calls are forwarded to the transport's reader for the rest of the connection. If it was a URL,
/// the pipe stays, and each HEADERS frame is looked at, because the literal can come again when the dynamic table has evicted it.
/// </para>
/// <para>
/// Nothing is judged here: what is malformed or too long goes through as it came, for HTTP/2 to refuse. Kestrel takes bytes as they come,
/// not frame by frame, so a HEADERS frame is held back until it is whole: at most <see cref="HeadersFrame.MaxPayloadBytes"/>, kept in the
/// transport. Everything else goes on at once, as it must: a client waits for the server's settings before its first headers. The
/// transport is read only when Kestrel has looked at all there is, so the pipe holds no more than one read, and back-pressure stays.
/// </para>
/// </summary>
internal sealed class AuthorityFilter(PipeReader transport) : PipeReader
{
    private const int PrefaceBytes = 24;

    // Without a limit a flush never waits: the one who would have to make room is the one who flushes.
    private static readonly PipeOptions _unlimited = new(pauseWriterThreshold: 0, useSynchronizationContext: false);

    // Null when calls go straight to the transport.
    private Pipe? _filtered = new(_unlimited);

    private ReadOnlySequence<byte> _handedOut;
    private long _unconsumed;
    private long _untilNextFrame = PrefaceBytes;
    private Authority _authority;

    private enum Authority
    {
        Unknown,
        InOrder,
        Url,
    }

    /// <summary>Whether the filter has stepped aside.</summary>
    internal bool IsAside => _filtered is null;

    /// <summary>Puts the filter in front of HTTP/2.</summary>
    public static ConnectionDelegate Before(ConnectionDelegate http2) => async connection =>
    {
        IDuplexPipe unfiltered = connection.Transport;
        connection.Transport = new Filtered(new AuthorityFilter(unfiltered.Input), unfiltered.Output);
        try
        {
            await http2(connection).ConfigureAwait(false);
        }
        finally
        {
            connection.Transport = unfiltered;
        }
    };

    /// <summary>The same behind TLS, for connections that agreed on HTTP/2.</summary>
    public static ConnectionDelegate BeforeHttp2(ConnectionDelegate next)
    {
        ConnectionDelegate filtered = Before(next);
        return connection =>
        {
            ITlsApplicationProtocolFeature? agreed = connection.Features.Get<ITlsApplicationProtocolFeature>();
            bool isHttp2 = agreed is not null && agreed.ApplicationProtocol.Span.SequenceEqual("h2"u8);
            return isHttp2 ? filtered(connection) : next(connection);
        };
    }

    /// <inheritdoc/>
    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) =>
        _filtered is null ? transport.ReadAsync(cancellationToken) : ReadFilteredAsync(_filtered, cancellationToken);

    /// <inheritdoc/>
    public override bool TryRead(out ReadResult result) =>
        _filtered is null ? transport.TryRead(out result) : TryReadFiltered(_filtered, out result);

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        if (_filtered is null)
        {
            transport.AdvanceTo(consumed, examined);
            return;
        }

        _unconsumed -= _handedOut.Slice(0, consumed).Length;
        _handedOut = default;
        _filtered.Reader.AdvanceTo(consumed, examined);
        if (_authority == Authority.InOrder && _unconsumed == 0)
        {
            CompleteFiltered();
        }
    }

    /// <inheritdoc/>
    public override void CancelPendingRead() => transport.CancelPendingRead();

    /// <inheritdoc/>
    public override void Complete(Exception? exception = null)
    {
        CompleteFiltered();
        transport.Complete(exception);
    }

    /// <inheritdoc/>
    public override ValueTask CompleteAsync(Exception? exception = null)
    {
        CompleteFiltered();
        return transport.CompleteAsync(exception);
    }

    private void CompleteFiltered()
    {
        _filtered?.Writer.Complete();
        _filtered?.Reader.Complete();
        _filtered = null;
    }

    private async ValueTask<ReadResult> ReadFilteredAsync(Pipe filtered, CancellationToken cancellationToken)
    {
        ReadResult result;
        while (!TryReadFiltered(filtered, out result))
        {
            ReadResult read = await transport.ReadAsync(cancellationToken).ConfigureAwait(false);
            Filter(read.Buffer, read.IsCompleted, filtered.Writer);
            await filtered.Writer.FlushAsync(CancellationToken.None).ConfigureAwait(false);
            if (read.IsCanceled)
            {
                filtered.Reader.CancelPendingRead();
            }
        }

        return result;
    }

    // False when there is nothing new in the pipe; what the transport may have comes with the next ReadAsync.
    private bool TryReadFiltered(Pipe filtered, out ReadResult result)
    {
        if (!filtered.Reader.TryRead(out result))
        {
            return false;
        }

        _handedOut = result.Buffer;
        return true;
    }

    /// <summary>Moves bytes on to the pipe: all but a HEADERS frame cut off, and what follows the decision to step aside.</summary>
    private void Filter(in ReadOnlySequence<byte> buffer, bool isCompleted, PipeWriter filtered)
    {
        ReadOnlySequence<byte> rest = buffer;

        // Kestrel does not, but a reader may leave some of the first headers in the pipe: then the next bytes have to follow them there.
        bool isAll = isCompleted || _authority == Authority.InOrder;
        while (_authority != Authority.InOrder && TryMove(ref rest, filtered))
        {
        }

        bool isSteppingAside = !isAll && _authority == Authority.InOrder;
        if (isAll)
        {
            Move(ref rest, rest.Length, filtered);
        }

        // What is cut off waits for more bytes; what comes after the decision to step aside is the next reader's, at once.
        transport.AdvanceTo(rest.Start, isSteppingAside ? rest.Start : rest.End);
        if (isCompleted)
        {
            filtered.Complete();
        }
    }

    /// <summary>Moves one frame or what there is of it; false when more must come first.</summary>
    private bool TryMove(ref ReadOnlySequence<byte> rest, PipeWriter filtered)
    {
        if (_untilNextFrame > 0 && !rest.IsEmpty)
        {
            long count = Math.Min(_untilNextFrame, rest.Length);
            Move(ref rest, count, filtered);
            _untilNextFrame -= count;
            return true;
        }

        if (rest.Length < HeadersFrame.FrameHeaderBytes)
        {
            return false;
        }

        Span<byte> header = stackalloc byte[HeadersFrame.FrameHeaderBytes];
        rest.Slice(0, HeadersFrame.FrameHeaderBytes).CopyTo(header);
        int payload = BinaryPrimitives.ReadInt32BigEndian(header) >>> 8;
        int length = HeadersFrame.FrameHeaderBytes + payload;
        if (header[3] == HeadersFrame.Type && payload <= HeadersFrame.MaxPayloadBytes)
        {
            return TryMoveHeaders(ref rest, length, filtered);
        }

        _untilNextFrame = length;
        return true;
    }

    private bool TryMoveHeaders(ref ReadOnlySequence<byte> rest, int length, PipeWriter filtered)
    {
        if (rest.Length < length)
        {
            return false;
        }

        byte[] frame = rest.Slice(0, length).ToArray();
        byte[]? replaced = HeadersFrame.ReplaceUrlAuthority(frame);
        if (_authority == Authority.Unknown)
        {
            _authority = replaced is null ? Authority.InOrder : Authority.Url;
        }

        filtered.Write(replaced ?? frame);
        _unconsumed += (replaced ?? frame).Length;
        rest = rest.Slice(length);
        return true;
    }

    private void Move(ref ReadOnlySequence<byte> rest, long count, PipeWriter filtered)
    {
        foreach (ReadOnlyMemory<byte> segment in rest.Slice(0, count))
        {
            filtered.Write(segment.Span);
        }

        _unconsumed += count;
        rest = rest.Slice(count);
    }

    private sealed class Filtered(PipeReader input, PipeWriter output) : IDuplexPipe
    {
        public PipeReader Input => input;

        public PipeWriter Output => output;
    }
}

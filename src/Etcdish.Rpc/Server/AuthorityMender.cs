using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Runtime.InteropServices;
using Etcdish.Rpc.Wire;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Etcdish.Rpc;

/// <summary>
/// Lets clients in that send a URL where HTTP/2 wants a host: etcd's Go client before 3.5 dials some calls (endpoint status, defrag) with
/// <c>:authority</c> set to "http://host:port". grpc-go takes that; Kestrel resets the stream. Nothing here looks at the authority, so the
/// bytes "://" are patched into letters and hyphens of the same encoded length while they lie in the transport's buffer.
/// <para>
/// HPACK sends the value once as a literal and afterwards by index, so the first HEADERS frame decides: when its authority is in order,
/// this steps aside for the rest of the connection. When it is not, each HEADERS frame is looked at, because a literal may come again.
/// </para>
/// </summary>
internal sealed class AuthorityMender(PipeReader inner) : PipeReader
{
    private const int PrefaceBytes = 24;
    private const int FrameHeaderBytes = 9;
    private const byte HeadersFrame = 1;
    private const byte PaddedFlag = 0x08;
    private const byte PriorityFlag = 0x20;

    // Positions count from the first byte of the connection.
    private long _consumed;
    private long _nextFrame = PrefaceBytes;
    private bool _hasMended;
    private bool _isDone;
    private ReadOnlySequence<byte> _buffer;

    /// <summary>Puts the mender between the transport and HTTP/2.</summary>
    public static ConnectionDelegate Before(ConnectionDelegate http2) => connection =>
    {
        connection.Transport = new Mended(new AuthorityMender(connection.Transport.Input), connection.Transport.Output);
        return http2(connection);
    };

    /// <summary>The same behind TLS, for connections that agreed on HTTP/2.</summary>
    public static ConnectionDelegate BeforeHttp2(ConnectionDelegate next)
    {
        ConnectionDelegate mended = Before(next);
        return connection =>
        {
            ITlsApplicationProtocolFeature? agreed = connection.Features.Get<ITlsApplicationProtocolFeature>();
            bool isHttp2 = agreed is not null && agreed.ApplicationProtocol.Span.SequenceEqual("h2"u8);
            return isHttp2 ? mended(connection) : next(connection);
        };
    }

    /// <inheritdoc/>
    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) =>
        Look(await inner.ReadAsync(cancellationToken).ConfigureAwait(false));

    /// <inheritdoc/>
    public override bool TryRead(out ReadResult result)
    {
        if (!inner.TryRead(out result))
        {
            return false;
        }

        Look(result);
        return true;
    }

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed)
    {
        Count(consumed);
        inner.AdvanceTo(consumed);
    }

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        Count(consumed);
        inner.AdvanceTo(consumed, examined);
    }

    /// <inheritdoc/>
    public override void CancelPendingRead() => inner.CancelPendingRead();

    /// <inheritdoc/>
    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    /// <inheritdoc/>
    public override ValueTask CompleteAsync(Exception? exception = null) => inner.CompleteAsync(exception);

    private void Count(SequencePosition consumed)
    {
        if (!_isDone)
        {
            _consumed += _buffer.Slice(0, consumed).Length;
            _buffer = default;
        }
    }

    private ReadResult Look(ReadResult result)
    {
        if (!_isDone)
        {
            _buffer = result.Buffer;
            LookAtFrames(result.Buffer);
        }

        return result;
    }

    private void LookAtFrames(in ReadOnlySequence<byte> buffer)
    {
        long end = _consumed + buffer.Length;
        Span<byte> header = stackalloc byte[FrameHeaderBytes];
        while (!_isDone && _nextFrame + FrameHeaderBytes <= end)
        {
            buffer.Slice(_nextFrame - _consumed, FrameHeaderBytes).CopyTo(header);
            int length = BinaryPrimitives.ReadInt32BigEndian(header) >>> 8;
            if (header[3] == HeadersFrame)
            {
                // HTTP/2 takes frames whole as well, so none is used before it was looked at.
                if (_nextFrame + FrameHeaderBytes + length > end)
                {
                    return;
                }

                LookAtHeaders(buffer.Slice(_nextFrame - _consumed + FrameHeaderBytes, length), header[4]);
            }

            _nextFrame += FrameHeaderBytes + length;
        }
    }

    private void LookAtHeaders(in ReadOnlySequence<byte> payload, byte flags)
    {
        byte[] copy = payload.ToArray();
        int start = ((flags & PaddedFlag) != 0 ? 1 : 0) + ((flags & PriorityFlag) != 0 ? 5 : 0);
        if (start < copy.Length && HeaderBlock.MendAuthority(copy.AsSpan(start)))
        {
            _hasMended = true;
            CopyBack(copy, payload);
        }

        _isDone = !_hasMended;
    }

    // The transport's own memory, which nobody else reads before this returns.
    private static void CopyBack(ReadOnlySpan<byte> mended, in ReadOnlySequence<byte> payload)
    {
        foreach (ReadOnlyMemory<byte> segment in payload)
        {
            mended[..segment.Length].CopyTo(MemoryMarshal.AsMemory(segment).Span);
            mended = mended[segment.Length..];
        }
    }

    private sealed class Mended(PipeReader input, PipeWriter output) : IDuplexPipe
    {
        public PipeReader Input => input;

        public PipeWriter Output => output;
    }
}
